// SPDX-License-Identifier: BSD-3-Clause
// The parts of the dashboard that need no browser: numbers, rates and what answers mean.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { pieces, roundUp } from "../../src/api/dashboard/chart.js";
import { changesBetween, glanceOf, isLastUsable, problemsOf, stateOf } from "../../src/api/dashboard/facts.js";
import * as format from "../../src/api/dashboard/format.js";
import { between, History, percentile } from "../../src/api/dashboard/rates.js";

const BOUNDS = [1000, 10_000, 100_000];

const traffic = (uptime_s, ok, bad = 0, durations = [0, ok + bad, 0, 0]) => ({
  uptime_us: uptime_s * 1e6,
  duration_bounds_us: BOUNDS,
  frontends: [{ name: "web", requests: { "1xx": 0, "2xx": ok, "3xx": 0, "4xx": 0, "5xx": bad }, durations }],
  backends: [{ name: "app", queued: 0, servers: [{ name: "a1", requests: { "1xx": 0, "2xx": ok, "3xx": 0, "4xx": 0, "5xx": bad } }] }],
});

describe("rates", () => {
  test("are what the counters grew by in the node's own time", () => {
    const span = between(traffic(10, 100), traffic(12, 140, 2));
    assert.deepEqual([span.seconds, span.all, span.requests["5xx"]], [2, 42, 2]);
  });

  test("are unknown when a counter went back or time stood still", () => {
    assert.equal(between(traffic(10, 100), traffic(12, 90)), null);
    assert.equal(between(traffic(10, 100), traffic(10, 100)), null);
  });

  test("begin anew with a node that was restarted", () => {
    const history = new History(60e6, 5e6);
    for (const [at, n] of [[100, 1000], [101, 1100], [1, 3]]) history.add(traffic(at, n));
    assert.equal(history.answers.length, 1);
    assert.equal(history.points()[0].rate, null);
  });

  test("are taken over the window and not across a pause", () => {
    const history = new History(60e6, 5e6);
    for (let i = 0; i <= 10; i++) history.add(traffic(i + 1, i * 10));
    assert.equal(history.points().at(-1).rate, 10);
    assert.equal(history.serverRate("app", "a1"), 10);
    assert.equal(history.serverRate("app", "a9"), null);
    history.add(traffic(40, 10_000));
    assert.equal(history.points().at(-1).rate, null);
  });

  test("keep only so many answers", () => {
    const history = new History(10e6, 5e6);
    for (let i = 0; i < 100; i++) history.add(traffic(i + 1, i));
    assert.equal(history.answers.length, 11);
  });
});

describe("percentiles", () => {
  test("lie within their bucket", () => {
    assert.equal(percentile([0, 100, 0, 0], BOUNDS, 0.5), 5500);
    assert.equal(percentile([100, 0, 0, 0], BOUNDS, 0.5), 500);
    assert.equal(percentile([50, 0, 50, 0], BOUNDS, 0.99), 10_000 + 90_000 * 0.98);
  });

  test("of nothing are unknown and beyond all bounds are infinite", () => {
    assert.equal(percentile([0, 0, 0, 0], BOUNDS, 0.5), null);
    assert.equal(percentile([], BOUNDS, 0.5), null);
    assert.equal(percentile([1, 0, 0, 9], BOUNDS, 0.5), Infinity);
  });
});

describe("charts", () => {
  test("end at a round number that is not below", () => {
    assert.deepEqual([0, 1, 3, 17, 184, 201, 0.3].map(roundUp), [1, 1, 5, 20, 200, 250, 0.5]);
  });

  test("are interrupted where nothing is known", () => {
    const points = [1, 2, null, 3, 4].map((rate, i) => ({ at_us: i * 1e6, rate }));
    points.push({ at_us: 60e6, rate: 5 });
    assert.deepEqual(pieces(points, "rate", 5e6).map((x) => x.map((y) => y.rate)), [[1, 2], [3, 4], [5]]);
  });
});

test("numbers read well", () => {
  assert.deepEqual([null, 0, 0.01, 0.4, 9.96, 12.6, 1234.5].map(format.rate), ["–", "0", "< 0.1", "0.4", "10", "13", "1,235"]);
  assert.deepEqual(
    [null, 0, 370, 2500, 22_400, 1_500_000, Infinity].map(format.duration),
    ["–", "0 ms", "0.37 ms", "2.5 ms", "22 ms", "1.5 s", "> 10 s"],
  );
  assert.deepEqual([null, 0, 0.0005, 0.015, 1].map(format.percent), ["–", "0 %", "< 0.1 %", "1.5 %", "100 %"]);
  assert.deepEqual([400, 11_000, 600_000, 1e7, 1e9].map(format.age), ["0.4 s", "11 s", "10 min", "3 h", "12 days"]);
});

const server = (name, more = {}) => ({ name, weight: 1, admin: "ready", usable: true, healthy: true, rule: "up", own: "up", ...more });
const DOWN = { usable: false, healthy: false, rule: "verdict_down" };

const answers = (servers, more = {}) => ({
  status: { node: "lb1", ready: true, ready_why: "", workers: 2, generation: 1, last_reload_ok: true, unanswered: [], ...more.status },
  backends: { backends: [{ name: "app", fail_open: false, servers }], unanswered: [] },
  nodes: more.nodes === undefined ? null : more.nodes,
  observations: more.nodes ? { observations: [{ backend: "app", server: "a1", rule: "2 of 3 say down", observers: [] }] } : null,
});

const nodes = (...states) => ({
  has_majority: true,
  votes: true,
  obstacle: "",
  conflict: "",
  committed: { epoch: 1, generation: 1 },
  applied: { epoch: 1, generation: 1 },
  nodes: states.map((state, i) => ({ name: `lb${i + 1}`, state, text: state === "gone" ? "closed" : "" })),
});

describe("states", () => {
  test("name what is done with a server, the operator's word first", () => {
    const words = [{}, DOWN, { admin: "drain" }, { admin: "maint", ...DOWN }, { usable: false, rule: "vetoed" }, { rule: "panic" }]
      .map((x) => stateOf(server("a1", x))[1]);
    assert.deepEqual(words, ["up", "down", "drain", "maintenance", "avoided", "used anyway"]);
  });

  test("the last usable one is known", () => {
    const backend = { servers: [server("a1"), server("a2", DOWN)] };
    assert.equal(isLastUsable(backend, "a1"), true);
    assert.equal(isLastUsable(backend, "a2"), false);
    backend.servers.push(server("a3"));
    assert.equal(isLastUsable(backend, "a1"), false);
  });
});

describe("problems", () => {
  test("are none where all is well, also with a drained server", () => {
    assert.deepEqual(problemsOf(answers([server("a1"), server("a2", { admin: "drain", usable: false })])), []);
    assert.deepEqual(problemsOf(answers([server("a1")], { nodes: nodes("self", "alive", "alive") })), []);
  });

  test("come with the worst first", () => {
    const found = problemsOf(answers([server("a1"), server("a2", DOWN)], { status: { last_reload_ok: false }, nodes: nodes("self", "suspect", "gone") }));
    assert.deepEqual(found.map((x) => x.kind), ["bad", "bad", "warn", "warn"]);
    assert.equal(found[0].text, "app/a2 is down: the cluster's verdict");
    assert.equal(found[1].text, "Node lb3 is gone: closed");
  });

  test("say that a backend is empty, a majority lost, a configuration not applied", () => {
    const lost = { ...nodes("self", "gone", "gone"), has_majority: false, applied: { epoch: 1, generation: 0 } };
    const texts = problemsOf(answers([server("a1", DOWN)], { nodes: lost })).map((x) => x.text).join("\n");
    for (const part of [/app has no usable server/, /no majority/, /Generation 1 is agreed, this node runs 0/]) assert.match(texts, part);
  });
});

test("the tiles tell drained servers from those that are down", () => {
  const tile = glanceOf(answers([server("a1"), server("a2", DOWN), server("a3", { admin: "drain", usable: false })]))[0];
  assert.deepEqual([tile.value, tile.more, tile.kind], ["1 of 3", "1 down, 1 drained", "warn"]);
});

describe("changes", () => {
  test("are none between equal answers", () => {
    const same = () => answers([server("a1")], { nodes: nodes("self", "alive", "alive") });
    assert.deepEqual(changesBetween(same(), same()), []);
  });

  test("name servers, nodes and generations", () => {
    const before = answers([server("a1"), server("a2")], { nodes: nodes("self", "alive", "alive") });
    const after = answers([server("a1", DOWN), server("a3")], { status: { generation: 2 }, nodes: nodes("self", "alive", "gone") });
    assert.deepEqual(changesBetween(before, after).map((x) => x.text), [
      "app/a1 is down: 2 of 3 say down",
      "app/a3 was added",
      "app/a2 was removed",
      "Node lb3 is gone: closed",
      "Configuration generation 2 is in force",
    ]);
  });
});
