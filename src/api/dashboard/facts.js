// SPDX-License-Identifier: BSD-3-Clause
// What the node's answers mean, in words. No DOM: tests call these.

import { plural } from "./format.js";

/** What this node does with a server: [sign, word]; `spoken` has the word after "is". */
export function stateOf(server) {
  if (server.admin === "drain") return ["pause", "drain"];
  if (server.admin === "maint") return ["pause", "maintenance"];
  switch (server.rule) {
    case "vetoed":
      return ["warn", "avoided"];
    case "ejected":
      return ["warn", "cooling down"];
    case "fail_open":
    case "panic":
      return ["warn", "used anyway"];
    case "backup_idle":
      return ["none", "backup, idle"];
    case "backup_spare":
      return ["none", "backup, spare"];
    default:
      return server.usable ? ["good", "up"] : ["bad", "down"];
  }
}

/** Rules by which a healthy server has nothing to do. */
const RESTING = ["backup_idle", "backup_spare"];

const spoken = (word) => ({ drain: "set to drain", maintenance: "in maintenance" })[word] ?? word;

const RULES = {
  own_down: "its probes fail from here",
  unproven: "no probe has found it up yet",
  unresolved: "its name has no address yet",
  verdict_down: "the cluster's verdict",
  vetoed: "this node cannot connect to it",
  ejected: "requests to it failed in a row",
  fail_open: "no better server is left",
  panic: "too few servers are usable",
};

/** "no new requests: kernel update (uid 0)"; an older node does not say who. */
const outOfService = ({ set_by: by }) =>
  `no new requests${by?.reason ? `: ${by.reason}` : ""}${by ? ` (${by.author})` : ""}`;

export const ruleOf = (server) => (server.admin === "ready" ? (RULES[server.rule] ?? "") : outOfService(server));

const NODE_STATES = {
  self: ["good", "this node"],
  alive: ["good", "alive"],
  suspect: ["warn", "suspect"],
  gone: ["bad", "gone"],
  unknown: ["none", "not seen yet"],
};

export const nodeState = (node) => NODE_STATES[node.state] ?? ["none", node.state];

/** The servers of all backends: {backend, server, seen}; `seen` is what the cluster saw, or null. */
export function serversOf(answers) {
  const seen = new Map((answers.observations?.observations ?? []).map((x) => [idOf(x.backend, x.server), x]));
  return answers.backends.backends.flatMap((backend) =>
    backend.servers.map((server) => ({
      backend,
      server,
      seen: seen.get(idOf(backend.name, server.name)) ?? null,
    })),
  );
}

/** Names cannot have a line feed. */
export const idOf = (backend, server) => `${backend}\n${server}`;

/** Whether nobody would be left if this server got no more work. */
export const isLastUsable = (backend, name) =>
  backend.servers.some((x) => x.name === name && x.usable) && !backend.servers.some((x) => x.name !== name && x.usable);

/** What an operator should look at: [{kind, id, text, hint}], the worst first. */
export function problemsOf({ status, backends, nodes }) {
  const found = [];
  const add = (kind, id, text, hint = "") => found.push({ kind, id, text, hint });
  if (!status.ready) add("bad", "ready", `This node is not ready: ${status.ready_why}`);
  for (const backend of backends.backends) {
    if (backend.servers.length && !backend.servers.some((x) => x.usable))
      add("bad", `empty ${backend.name}`, `${backend.name} has no usable server: clients get 503`);
    else if (backend.fail_open)
      add("bad", `open ${backend.name}`, `${backend.name} uses servers that this node finds unhealthy, because no better ones are left`);
    for (const server of backend.servers)
      if (server.admin === "ready" && !["up", ...RESTING].includes(server.rule))
        add(
          server.usable ? "warn" : "bad",
          `server ${idOf(backend.name, server.name)}`,
          `${backend.name}/${server.name} is ${stateOf(server)[1]}: ${ruleOf(server)}`,
          `troupectl why ${backend.name}/${server.name}`,
        );
  }
  if (nodes) problemsOfNodes(nodes, add);
  if (status.last_reload_ok === false)
    add("warn", "reload", "The last configuration file was refused; the previous one stays in force", "troupectl config show");
  if (status.unanswered.length) add("warn", "unanswered", `No answer from ${status.unanswered.join(", ")}`);
  return [...found.filter((x) => x.kind === "bad"), ...found.filter((x) => x.kind !== "bad")];
}

function problemsOfNodes(nodes, add) {
  if (!nodes.has_majority)
    add("bad", "majority", "This node sees no majority of the nodes: it trusts its own probes, and the configuration cannot be changed");
  else if (!nodes.votes) add("warn", "votes", "This node has no vote yet");
  for (const node of nodes.nodes)
    if (node.state === "gone" || node.state === "suspect")
      add(node.state === "gone" ? "bad" : "warn", `node ${node.name}`, `Node ${node.name} is ${node.state}${node.text ? `: ${node.text}` : ""}`);
  if (nodes.obstacle) add("bad", "obstacle", nodes.obstacle);
  if (nodes.conflict) add("bad", "conflict", nodes.conflict, "troupectl cluster adopt");
  const { committed, applied } = nodes;
  if (committed.epoch !== applied.epoch || committed.generation !== applied.generation)
    add("warn", "applied", `Generation ${committed.generation} is agreed, this node runs ${applied.generation}`, "troupectl config show");
}

/** The tiles: [{name, value, more, kind}]. */
export function glanceOf({ status, backends, nodes }) {
  const servers = backends.backends.flatMap((x) => x.servers);
  const usable = servers.filter((x) => x.usable).length;
  const drained = servers.filter((x) => !x.usable && x.admin !== "ready").length;
  const lost = servers.filter((x) => !x.usable && x.admin === "ready" && !RESTING.includes(x.rule)).length;
  const missing = [lost && `${lost} down`, drained && `${drained} drained`].filter(Boolean).join(", ");
  const empty = backends.backends.some((x) => x.servers.length && !x.servers.some((y) => y.usable));
  const tiles = [
    {
      name: "Servers usable",
      value: `${usable} of ${servers.length}`,
      more: missing || plural(backends.backends.length, "backend"),
      kind: empty ? "bad" : lost ? "warn" : "good",
    },
  ];
  if (nodes) {
    const alive = nodes.nodes.filter((x) => x.state === "alive" || x.state === "self").length;
    tiles.push({
      name: "Nodes alive",
      value: `${alive} of ${nodes.nodes.length}`,
      more: nodes.has_majority ? "majority" : "no majority",
      kind: !nodes.has_majority ? "bad" : alive < nodes.nodes.length ? "warn" : "good",
    });
  } else {
    tiles.push({
      name: "Node",
      value: status.ready ? "ready" : "not ready",
      more: status.ready ? `${plural(status.workers, "worker")}` : status.ready_why,
      kind: status.ready ? "good" : "bad",
    });
  }
  const differs = nodes && nodes.committed.generation !== nodes.applied.generation;
  tiles.push({
    name: "Generation",
    value: status.generation === null ? "–" : `${status.generation}`,
    more: status.last_reload_ok === false ? "last file refused" : differs ? "not the agreed one" : nodes ? "agreed" : "in force",
    kind: status.last_reload_ok === false || differs ? "warn" : "good",
  });
  return tiles;
}

/** What is different between two rounds of answers, in sentences: [{kind, text}]. */
export function changesBetween(before, after) {
  const found = [];
  const add = (kind, text) => found.push({ kind, text });
  const was = new Map(serversOf(before).map((x) => [idOf(x.backend.name, x.server.name), x]));
  for (const { backend, server, seen } of serversOf(after)) {
    const id = idOf(backend.name, server.name);
    const old = was.get(id);
    was.delete(id);
    const name = `${backend.name}/${server.name}`;
    if (!old) {
      add("none", `${name} was added`);
      continue;
    }
    const [kind, word] = stateOf(server);
    const evidence = kind === "bad" || kind === "warn" ? (server.rule === "verdict_down" && seen?.rule) || ruleOf(server) : "";
    if (stateOf(old.server)[1] !== word) add(kind, `${name} is ${spoken(word)}${evidence ? `: ${evidence}` : ""}`);
    if (old.server.weight !== server.weight) add("none", `${name} now has weight ${server.weight} instead of ${old.server.weight}`);
  }
  for (const { backend, server } of was.values()) add("none", `${backend.name}/${server.name} was removed`);
  changesOfNodes(before, after, add);
  if (before.status.generation !== after.status.generation && after.status.generation !== null)
    add("none", `Configuration generation ${after.status.generation} is in force`);
  if (before.status.last_reload_ok !== false && after.status.last_reload_ok === false)
    add("warn", "A configuration file was refused");
  return found;
}

function changesOfNodes(before, after, add) {
  if (!before.nodes || !after.nodes) return;
  const was = new Map(before.nodes.nodes.map((x) => [x.name, x]));
  for (const node of after.nodes.nodes) {
    const old = was.get(node.name);
    was.delete(node.name);
    if (!old) add("none", `Node ${node.name} was added`);
    else if (old.state !== node.state) {
      const [kind, word] = nodeState(node);
      add(kind, `Node ${node.name} is ${word}${kind !== "good" && node.text ? `: ${node.text}` : ""}`);
    }
  }
  for (const name of was.keys()) add("none", `Node ${name} was removed`);
  if (before.nodes.has_majority !== after.nodes.has_majority)
    add(after.nodes.has_majority ? "good" : "bad", after.nodes.has_majority ? "This node sees a majority again" : "This node lost the majority");
}
