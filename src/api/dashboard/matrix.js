// SPDX-License-Identifier: BSD-3-Clause
// The table of servers: what each node sees of each, the verdict, and the buttons.

import { el, keyed, setAttribute, setText, showState } from "./dom.js";
import { nodeState, ruleOf, stateOf } from "./facts.js";
import * as format from "./format.js";

const cell = (label, className = "") => el("td", { role: "cell", "data-label": label, class: className });

export class Matrix {
  /** @param act Called with a backend, a server's name and what it is to be: "drain" or "ready". */
  constructor(table, act) {
    this.act = act;
    this.head = el("tr", { role: "row" });
    table.append(el("thead", { role: "rowgroup" }, this.head));
    this.table = table;
    this.columns = "";
    this.bodies = [];
  }

  /** @param rates Requests a second of (backend, server). */
  update(answers, servers, rates, mayOperate) {
    const observers = answers.nodes
      ? answers.nodes.nodes.map((x) => ({ name: x.name, node: x }))
      : [{ name: answers.status.node, node: null }];
    this.prepare(observers, answers.nodes !== null);
    for (const { heading, node } of this.headings) {
      const [kind, word] = node ? nodeState(node(answers)) : ["none", "this node"];
      setText(heading, word);
      heading.className = `small ${kind}`;
    }
    this.context = { answers, observers, rates, mayOperate };
    this.showBackends(answers.backends.backends, servers);
  }

  /** Columns follow the nodes; others begin a new table. */
  prepare(observers, inCluster) {
    const columns = JSON.stringify([inCluster, observers.map((x) => x.name)]);
    if (columns === this.columns) return;
    this.columns = columns;
    this.inCluster = inCluster;
    const column = (text, className = "") => el("th", { role: "columnheader", scope: "col", class: className }, text);
    this.headings = [];
    const seen = observers.map(({ name }) => {
      const heading = el("span", { class: "small" });
      const node = inCluster ? (answers) => answers.nodes.nodes.find((x) => x.name === name) : null;
      this.headings.push({ heading, node });
      const result = column("", "observer");
      result.append(el("span", { class: "unseen" }, "Seen by "), el("span", {}, name), heading);
      return result;
    });
    this.head.replaceChildren(
      column("Server"),
      column("State here", "state-here"),
      ...seen,
      ...(inCluster ? [column("Verdict", "verdict")] : []),
      column("Requests/s", "number"),
      column("In flight", "number"),
      column("Weight", "number"),
      column("Action", "action"),
    );
    for (const body of this.table.querySelectorAll("tbody")) body.remove();
  }

  showBackends(backends, servers) {
    keyed(
      this.table,
      backends,
      (x) => x.name,
      () => this.createBackend(),
      (body, backend) => this.updateBackend(body, backend, servers.filter((x) => x.backend === backend)),
    );
  }

  createBackend() {
    const title = el("th", { role: "rowheader", scope: "rowgroup", colspan: this.head.children.length });
    title.append(el("span", { class: "name" }), " ", el("span", { class: "small" }));
    return el("tbody", { role: "rowgroup" }, el("tr", { role: "row", class: "backend" }, title));
  }

  updateBackend(body, backend, rows) {
    const usable = backend.servers.filter((x) => x.usable).length;
    const queued = this.context.answers.traffic.backends.find((x) => x.name === backend.name)?.queued ?? 0;
    const facts = [`${usable} of ${backend.servers.length} usable`];
    if (backend.fail_open) facts.push("uses unhealthy servers");
    if (queued) facts.push(`${format.plural(queued, "request")} waiting`);
    setText(body.querySelector(".backend .name"), backend.name);
    setText(body.querySelector(".backend .small"), facts.join(" · "));
    keyed(
      body,
      rows,
      (x) => x.server.name,
      (x) => this.createServer(x),
      (row, x) => this.updateServer(row, x),
    );
  }

  createServer({ server }) {
    const title = el("th", { role: "rowheader", scope: "row" });
    title.append(el("span", { class: "name" }, server.name), el("small", {}));
    const button = el("button", { type: "button" });
    button.addEventListener("click", () => this.act(button.server.backend, server.name, button.server.next, button));
    const action = cell("", "action");
    action.append(button);
    return el(
      "tr",
      { role: "row", class: "server" },
      title,
      cell("State here", "state-here"),
      ...this.context.observers.map((x) => cell(x.name, "observer")),
      ...(this.inCluster ? [cell("Verdict", "verdict")] : []),
      cell("Requests/s", "number"),
      cell("In flight", "number"),
      cell("Weight", "number"),
      action,
    );
  }

  updateServer(row, { backend, server, seen }) {
    const { observers, rates, mayOperate } = this.context;
    const cells = [...row.children];
    setText(cells[0].querySelector("small"), server.address);
    showState(cells[1], ...stateOf(server), ruleOf(server));
    let at = 2;
    for (const observer of observers) {
      const one = cells[at++];
      if (this.inCluster) showObservation(one, seen, observer.name);
      else showState(one, server.own === "up" ? "good" : "bad", server.own, "by its own probes");
    }
    if (this.inCluster) showVerdict(cells[at++], seen);
    setText(cells[at++], format.rate(rates(backend.name, server.name)));
    setText(cells[at++], format.count(server.in_flight));
    setText(cells[at++], format.count(server.weight));
    this.updateButton(cells[at].firstElementChild, backend, server, mayOperate);
  }

  updateButton(button, backend, server, mayOperate) {
    const next = server.admin === "ready" ? "drain" : "ready";
    button.server = { backend, next };
    const word = next === "drain" ? "Drain" : "Ready";
    setText(button, word);
    setAttribute(button, "aria-label", `${word} ${backend.name}/${server.name}`);
    if (button.disabled !== !mayOperate) button.disabled = !mayOperate;
  }
}

function showObservation(cell, seen, node) {
  const observer = seen?.observers.find((x) => x.node === node);
  if (!observer) return showState(cell, "none", "not asked");
  const more = [];
  if (observer.status === "down" && observer.evidence) more.push(observer.evidence);
  if (!observer.fresh) more.push(`${format.age(observer.age_ms)} old`);
  if (!observer.counted) more.push("not counted");
  const kind = !observer.fresh ? "none" : observer.status === "up" ? "good" : "bad";
  return showState(cell, kind, observer.status, more.join(", "));
}

function showVerdict(cell, seen) {
  if (!seen) return showState(cell, "none", "not probed");
  if (!seen.in_force) return showState(cell, "none", "not in force", "there is no majority");
  return showState(cell, seen.verdict === "up" ? "good" : "bad", seen.verdict, seen.rule);
}
