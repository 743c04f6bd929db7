// SPDX-License-Identifier: BSD-3-Clause
// Runs before the page is drawn, so that it does not appear in the wrong colours first.
"use strict";
(() => {
  const root = document.documentElement;
  const apply = (name) => {
    if (name === "light" || name === "dark") root.dataset.theme = name;
    else delete root.dataset.theme;
  };
  let kept = "auto";
  try {
    kept = localStorage.getItem("troupe-theme") ?? "auto";
  } catch {
    // Without storage the choice lasts as long as the page.
  }
  apply(kept);
  document.addEventListener("DOMContentLoaded", () => {
    for (const choice of document.querySelectorAll("#theme input")) {
      choice.checked = choice.value === kept;
      choice.addEventListener("change", () => {
        apply(choice.value);
        try {
          localStorage.setItem("troupe-theme", choice.value);
        } catch {
          // As above.
        }
      });
    }
    if (!document.querySelector("#theme input:checked")) document.querySelector("#theme input").checked = true;
  });
})();
