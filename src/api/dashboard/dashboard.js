// SPDX-License-Identifier: BSD-3-Clause
// Asks the node once a second while the page is seen, and shows the answers.

import { ApiError, get, getOfCluster, setServer, token } from "./api.js";
import { Chart } from "./chart.js";
import { byId, el, keyed, setAttribute, setText, showState, sign } from "./dom.js";
import { changesBetween, glanceOf, isLastUsable, nodeState, problemsOf, serversOf } from "./facts.js";
import * as format from "./format.js";
import { Matrix } from "./matrix.js";
import { History } from "./rates.js";

const PAUSE_MS = 1000;
const PAUSE_TROUBLE_MS = 3000;
const SPAN_US = 120e6;
const WINDOW_US = 5e6;
const CHANGES_MAX = 100;

const page = {
  history: new History(SPAN_US + WINDOW_US, WINDOW_US),
  answers: null, // of the last round
  role: null,
  alone: false, // no cluster: its questions are not asked, or the console would fill with refusals
  timer: 0,
  round: 0, // of the token in use; answers to an older one are dropped
  lastAnswer: null,
};

const matrix = new Matrix(byId("matrix"), act);
const common = { span_us: SPAN_US, gap_us: WINDOW_US };
const charts = [
  new Chart({
    ...common,
    title: "Requests per second",
    floor: 4,
    format: format.rate,
    lines: [
      { key: "rate", name: "all" },
      { key: "errors4", name: "4xx" },
      { key: "errors5", name: "5xx" },
    ],
  }),
  new Chart({
    ...common,
    title: "Response time",
    floor: 1000,
    format: format.duration,
    lines: [
      { key: "p50", name: "median" },
      { key: "p95", name: "95 %" },
      { key: "p99", name: "99 %" },
    ],
  }),
];

// -- asking -----------------------------------------------------------------------

async function ask() {
  const [status, backends, traffic, all, observations] = await Promise.all([
    get("/v1/status"),
    get("/v1/backends"),
    get("/v1/traffic"),
    page.alone ? null : getOfCluster("/v1/nodes"),
    page.alone ? null : getOfCluster("/v1/observations"),
  ]);
  // A node without a cluster answers as one of a cluster without a name.
  const nodes = all?.cluster ? all : null;
  // One that was restarted may belong to a cluster now.
  page.alone = nodes === null && !(status.uptime_s < page.answers?.status.uptime_s);
  return { status, backends, traffic, nodes, observations };
}

/** One round, and the timer of the next. Without a token, or while nobody looks, there is none. */
async function poll() {
  clearTimeout(page.timer);
  if (document.hidden || !token.get()) return;
  const round = ++page.round;
  let pause = PAUSE_MS;
  try {
    if (!page.role) page.role = (await get("/v1/access")).role;
    const answers = await ask();
    if (round !== page.round) return;
    show(answers);
  } catch (reason) {
    if (round !== page.round) return;
    if (!(reason instanceof ApiError)) console.error(reason);
    if (reason.status === 401) return leave("This node does not know the token. It may have been mistyped, or changed on the node.");
    showTrouble(reason);
    pause = PAUSE_TROUBLE_MS;
  }
  page.timer = setTimeout(poll, pause);
}

// -- showing ----------------------------------------------------------------------

function show(answers) {
  page.history.add(answers.traffic);
  if (page.answers) showChanges(changesBetween(page.answers, answers));
  page.answers = answers;
  page.lastAnswer = new Date();
  byId("trouble").hidden = true;
  byId("enter").hidden = true;
  byId("view").hidden = false;
  byId("view").classList.remove("stale");
  byId("leave").hidden = false;
  byId("may-not").hidden = page.role === "operator";
  showWhere(answers);
  showTraffic(answers);
  showProblems(problemsOf(answers));
  matrix.update(answers, serversOf(answers), (b, s) => page.history.serverRate(b, s), page.role === "operator");
  showNodes(answers.nodes);
}

function showWhere({ status, nodes }) {
  const where = nodes ? `${nodes.cluster} / ${status.node}` : status.node;
  setText(byId("where"), `${where} · version ${status.version} · up ${format.age(status.uptime_s * 1000)}`);
  document.title = `${where} – troupe`;
  byId("live").hidden = false;
  byId("live").className = "live good";
  setText(byId("live"), `Live · ${format.clock(page.lastAnswer)}`);
}

function showTraffic(answers) {
  const select = byId("frontend");
  const names = ["", ...new Set(answers.traffic.frontends.map((x) => x.name))];
  keyed(
    select,
    names,
    (x) => x,
    (x) => el("option", { value: x }, x || "all"),
    () => {},
  );
  const points = page.history.points(select.value);
  for (const chart of charts) chart.update(points.filter((x) => x.at_us > points.at(-1).at_us - SPAN_US));
  showGlance(answers, select.value ? page.history.points().at(-1) : points.at(-1));
}

function showGlance(answers, now) {
  const { status } = answers;
  const tiles = [
    ...glanceOf(answers),
    { name: "Requests/s", value: format.rate(now.rate), more: "this node", kind: "none" },
    {
      name: "Answers 5xx",
      value: format.percent(now.share5),
      more: `${format.rate(now.errors5)} a second`,
      kind: now.share5 > 0.01 ? "bad" : "none",
    },
    {
      name: "Clients",
      value: format.count(status.connections),
      more: status.connection_limit ? `of ${format.count(status.connection_limit)}` : "connected",
      kind: status.connection_limit && status.connections > 0.9 * status.connection_limit ? "warn" : "none",
    },
  ];
  keyed(
    byId("glance"),
    tiles,
    (x) => x.name,
    (x) => el("div", {}, el("dt", {}, x.name), el("dd", {}, el("span", { class: "value" }), el("small", {}))),
    (tile, x) => {
      setAttribute(tile, "class", `tile card ${x.kind}`);
      setText(tile.querySelector(".value"), x.value);
      const small = tile.querySelector("small");
      if (small.textContent !== x.more || small.dataset.kind !== x.kind) {
        small.dataset.kind = x.kind;
        small.replaceChildren(...(x.kind === "none" ? [] : [sign(x.kind)]), x.more);
      }
    },
  );
}

function showProblems(problems) {
  setAttribute(byId("attention"), "class", problems.length ? "card" : "card calm");
  const all = problems.length ? problems : [{ kind: "good", id: "none", text: "Nothing: all servers and nodes are well.", hint: "" }];
  keyed(
    byId("problems"),
    all,
    (x) => x.id,
    () => el("li", {}, el("div", {}), el("code", {})),
    (item, x) => {
      showState(item.firstElementChild, x.kind, x.text);
      setText(item.lastElementChild, x.hint);
      item.lastElementChild.hidden = !x.hint;
    },
  );
}

function showNodes(nodes) {
  byId("cluster").hidden = !nodes;
  if (!nodes) return;
  keyed(
    byId("nodes").tBodies[0],
    nodes.nodes,
    (x) => x.name,
    (x) =>
      el(
        "tr",
        { role: "row" },
        el("th", { role: "rowheader", scope: "row" }, el("span", { class: "name" }, x.name)),
        el("td", { role: "cell", "data-label": "State" }),
        el("td", { role: "cell", "data-label": "Address" }),
      ),
    (row, x) => {
      const [kind, word] = nodeState(x);
      showState(row.children[1], kind, word, kind === "good" ? "" : x.text);
      setText(row.children[2], x.address);
    },
  );
  const { committed } = nodes;
  setText(
    byId("agreement"),
    `Agreed configuration: generation ${committed.generation}, epoch ${committed.epoch}. This node is a ${nodes.standing}.`,
  );
}

function showChanges(changes) {
  const list = byId("changes");
  for (const { kind, text } of changes)
    list.prepend(el("li", {}, el("time", {}, format.clock(new Date())), sign(kind), el("span", {}, text)));
  while (list.children.length > CHANGES_MAX) list.lastElementChild.remove();
  byId("no-changes").hidden = list.children.length > 0;
}

/** What is wrong, and what to do. */
function adviceOn(reason) {
  const since = page.lastAnswer ? ` since ${format.clock(page.lastAnswer)}` : "";
  if (!(reason instanceof ApiError))
    return [`This page failed to show an answer: ${reason.message}.`, "Reloading the page may help; please report the problem."];
  if (reason.status === 0)
    return [`No answer from this node${since}: ${reason.message}.`, "Is trouped running, and is admin.listen open to you?"];
  if (reason.status === 503) return ["This node is starting or stopping.", "It should take a moment."];
  return [`The node answered with an error (${reason.status}): ${reason.message}.`, "Its log has more."];
}

/** The node does not answer as it should: what was seen last stays, marked as old. */
function showTrouble(reason) {
  page.alone = false;
  const [text, advice] = adviceOn(reason);
  setText(byId("trouble"), `${text} ${advice} Trying again every ${PAUSE_TROUBLE_MS / 1000} s.`);
  byId("trouble").hidden = false;
  byId("view").classList.add("stale");
  byId("live").className = "live bad";
  setText(byId("live"), "Not live");
}

// -- acting -----------------------------------------------------------------------

const say = (text) => setText(byId("said"), text);

/** Resolves to true if the operator says yes. */
function confirmed(title, text) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), title);
  setText(byId("confirm-text"), text);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

async function act(backend, server, admin, button) {
  if (button.getAttribute("aria-busy") === "true") return;
  const name = `${backend.name}/${server}`;
  if (admin === "drain" && isLastUsable(backend, server)) {
    const text = `No other server of ${backend.name} is usable now: new requests would get 503.`;
    if (!(await confirmed(`Drain ${name}?`, text))) return;
  }
  setAttribute(button, "aria-busy", "true");
  say(`${name}: setting it to ${admin} …`);
  try {
    const answer = await setServer(backend.name, server, admin);
    const missing = answer.missing?.length ? `; not confirmed by ${answer.missing.join(", ")}, where it takes effect later` : "";
    say(`${name} is set to ${admin}${answer.in_force ? ` on ${answer.in_force.sort().join(", ")}` : ""}${missing}.`);
  } catch (reason) {
    if (!(reason instanceof ApiError)) throw reason;
    say(`${name} could not be set to ${admin}: ${reason.message}.`);
  } finally {
    setAttribute(button, "aria-busy", null);
  }
  poll();
}

// -- coming and going ---------------------------------------------------------------

/** Asks for a token. @param why Nothing at the first visit. */
function leave(why = "") {
  clearTimeout(page.timer);
  page.round++;
  token.forget();
  page.role = page.answers = page.lastAnswer = null;
  page.alone = false;
  page.history.answers = [];
  byId("changes").replaceChildren();
  byId("view").hidden = byId("leave").hidden = byId("live").hidden = true;
  byId("enter").hidden = false;
  byId("trouble").hidden = !why;
  setText(byId("trouble"), why);
  setText(byId("where"), "");
  document.title = "troupe";
  byId("token").value = "";
  byId("token").focus();
}

byId("charts").append(...charts.map((x) => x.element));
byId("frontend").addEventListener("change", () => page.answers && showTraffic(page.answers));
byId("leave").addEventListener("click", () => leave());
byId("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("token").value.trim();
  // What a field of HTTP cannot hold is no token.
  if (!/^[!-~]+$/.test(text)) return leave("A token is one word of printable characters.");
  token.set(text);
  return poll();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) poll();
});
if (token.get()) poll();
else leave();
