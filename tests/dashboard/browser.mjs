// SPDX-License-Identifier: BSD-3-Clause
// The dashboard in headless Chromium. `run` starts the nodes first and says in DASHBOARD where they are.

import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";

import { chromium } from "playwright-core";

const facts = JSON.parse(process.env.DASHBOARD);
const only = process.argv[2] ?? "";
const SECONDS = 1000;
const HOSTILE = '<img src=x onerror="window.hacked=1">';

const tests = [];
const test = (name, run) => tests.push({ name, run });

/** A page of its own for each test; anything the console complains about fails it. */
class Visit {
  constructor(context, page) {
    this.context = context;
    this.page = page;
    this.complaints = [];
    this.expected = [];
    page.on("console", (x) => ["error", "warning"].includes(x.type()) && this.complaints.push(x.text()));
    page.on("pageerror", (x) => this.complaints.push(String(x)));
    page.on("request", (x) => {
      if (![facts.url, facts.alone.url].some((y) => x.url().startsWith(y)) && !x.url().startsWith("data:")) this.complaints.push(`fetched ${x.url()}`);
    });
  }

  async enter(token = facts.operator, url = facts.url) {
    await this.page.goto(url);
    await this.page.getByLabel("Token", { exact: true }).fill(token);
    await this.page.keyboard.press("Enter");
    await this.row("app", "a1").waitFor();
  }

  /** The row of a server. */
  row(backend, server) {
    const body = this.page.locator("#matrix tbody").filter({ has: this.page.locator("tr.backend .name", { hasText: new RegExp(`^${backend}$`) }) });
    return body.locator("tr.server").filter({ has: this.page.locator("th .name", { hasText: new RegExp(`^${server}$`) }) });
  }

  button = (word, name) => this.page.getByRole("button", { name: `${word} ${name}`, exact: true });

  /** The text of the cell with this label. */
  async cell(server, label, backend = "app") {
    return (await this.row(backend, server).locator(`td[data-label="${label}"]`).innerText()).replace(/\s+/g, " ").trim();
  }

  /** A failed fetch is also said by the browser itself; these are what the test made happen. */
  expect(pattern) {
    this.expected.push(pattern);
  }

  check() {
    const rest = this.complaints.filter((x) => !this.expected.some((y) => y.test(x)));
    assert.deepEqual(rest, [], "the console complains");
  }
}

async function eventually(condition, what, seconds = 15) {
  const deadline = Date.now() + seconds * SECONDS;
  let last;
  for (;;) {
    try {
      if (await condition()) return;
      last = "";
    } catch (reason) {
      last = `: ${reason}`;
    }
    if (Date.now() > deadline) assert.fail(`not in ${seconds} s: ${what}${last}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

// -- tests ------------------------------------------------------------------------

test("a wrong token is refused in words and a right one shows the cluster", async (v) => {
  v.expect(/401/);
  await v.page.goto(facts.url);
  const field = v.page.getByLabel("Token", { exact: true });
  assert.equal(await field.evaluate((x) => x === document.activeElement), true, "the field has the focus");
  await field.fill("not-this-one");
  await v.page.keyboard.press("Enter");
  await v.page.getByRole("alert").filter({ hasText: "does not know the token" }).waitFor();
  assert.equal(await v.page.evaluate(() => sessionStorage.length), 0);
  await field.fill(facts.operator);
  await v.page.getByRole("button", { name: "Show the cluster" }).click();
  await v.row("app", "a1").waitFor();
  assert.equal(await v.page.getByRole("alert").isVisible(), false);
  assert.match(await v.page.locator("#where").innerText(), /^prod \/ lb1 · version \d/);
  assert.equal(await v.page.evaluate(() => Object.keys(localStorage).length), 0, "the token is kept for the tab only");
});

test("the matrix has every server and what every node sees of it", async (v) => {
  await v.enter();
  const heads = await v.page.locator("#matrix thead th").allInnerTexts();
  for (const name of ["lb1", "lb2", "lb3"]) assert.ok(heads.some((x) => x.includes(name)), `${heads}`);
  assert.ok(heads.some((x) => /lb1[^]*this node/.test(x)), `${heads}`);
  assert.equal(await v.page.locator("#matrix tr.server").count(), 5);
  for (const node of ["lb1", "lb2", "lb3"])
    await eventually(async () => /^up/.test(await v.cell("a1", node)), `${node} sees a1 up`);
  await eventually(async () => /^up 0 of 3 say down/.test(await v.cell("a1", "Verdict")), "the verdict is up");
  assert.match(await v.page.locator("#nodes").innerText(), /lb2\s+alive\s+10\.77\.0\.2:7946/);
  const table = v.page.getByRole("table", { name: "Servers" });
  assert.equal(await table.getByRole("rowheader", { name: /^a1/ }).count(), 1, "rows are named for assistive technology");
});

test("a node without a cluster shows its own probes", async (v) => {
  v.expect(/409/); // asked once whether it belongs to one
  let asked = 0;
  v.page.on("request", (x) => (asked += x.url().includes("/v1/nodes") ? 1 : 0));
  await v.enter(facts.operator, facts.alone.url);
  for (let i = 0; i < 30; i++) await (await fetch(facts.alone.frontend)).text();
  await eventually(async () => parseFloat(await v.cell("a1", "Requests/s")) > 0, "requests are counted");
  assert.equal(await v.page.locator("#matrix thead th").count(), 7, "one column of observations, no verdict");
  assert.match(await v.page.locator("#glance").innerText(), /Node\s+ready/);
  assert.equal(await v.page.locator("#cluster").isVisible(), false);
  await v.button("Drain", "app/a2").click();
  await v.page.getByRole("status").filter({ hasText: "app/a2 is set to drain." }).waitFor();
  await eventually(async () => /^drain/.test(await v.cell("a2", "State here")), "a2 is drained");
  await v.button("Ready", "app/a2").click();
  await eventually(async () => /^up/.test(await v.cell("a2", "State here")), "a2 is used again");
  assert.equal(asked, 1);
});

test("rates and times are drawn and grow by what is sent", async (v) => {
  await v.enter();
  await eventually(async () => parseFloat(await v.cell("a1", "Requests/s")) > 1, "a1 gets requests");
  await eventually(async () => (await v.page.locator(".chart .line0").count()) >= 2, "both charts have a line");
  const said = await v.page.locator(".chart").first().getAttribute("aria-label");
  assert.match(said, /^Requests per second, now: all \d/);
  const all = parseFloat(said.match(/all ([\d.,]+)/)[1]);
  await v.page.getByLabel("Frontend").selectOption("api");
  const one = await v.page.locator(".chart").first().getAttribute("aria-label");
  assert.ok(parseFloat(one.match(/all ([\d.,]+)/)[1]) < all, `${one}, of all ${all}`);
  const time = await v.page.locator(".chart").nth(1).getAttribute("aria-label");
  const median = time.match(/median ([\d.]+) ms/);
  assert.ok(median && parseFloat(median[1]) > 10 && parseFloat(median[1]) < 200, `servers wait for 15 ms: ${time}`);
});

test("a server is drained and made ready again by the keyboard alone", async (v) => {
  await v.enter();
  await v.button("Drain", "app/a2").waitFor();
  for (let i = 0; i < 60; i++) {
    const focused = await v.page.evaluate(() => document.activeElement.getAttribute("aria-label"));
    if (focused === "Drain app/a2") break;
    await v.page.keyboard.press("Tab");
  }
  const ring = await v.button("Drain", "app/a2").evaluate((x) => getComputedStyle(x).outlineStyle);
  assert.equal(ring, "solid", "the focus is seen");
  await v.page.keyboard.press("Enter");
  await v.page.getByRole("status").filter({ hasText: "app/a2 is set to drain on lb1, lb2, lb3." }).waitFor();
  await eventually(async () => /^drain/.test(await v.cell("a2", "State here")), "a2 is drained");
  const kept = await v.button("Ready", "app/a2").evaluate((x) => x === document.activeElement);
  assert.equal(kept, true, "the button keeps the focus");
  await eventually(async () => (await v.cell("a2", "Requests/s")) === "0", "a2 gets no more requests", 20);
  await v.page.locator("#changes").getByText("app/a2 is set to drain").waitFor();
  await v.page.keyboard.press("Space");
  await eventually(async () => /^up/.test(await v.cell("a2", "State here")), "a2 is used again");
});

test("the last usable server is drained only after a question", async (v) => {
  await v.enter();
  await v.button("Drain", "api/b1").click();
  await eventually(async () => /^drain/.test(await v.cell("b1", "State here", "api")), "b1 is drained");
  await v.button("Drain", "api/b2").click();
  const dialog = v.page.getByRole("dialog", { name: "Drain api/b2?" });
  await dialog.waitFor();
  await v.page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  assert.match(await v.cell("b2", "State here", "api"), /^up/);
  assert.equal(await v.button("Drain", "api/b2").evaluate((x) => x === document.activeElement), true, "the focus returns");
  await v.button("Ready", "api/b1").click();
  await eventually(async () => /^up/.test(await v.cell("b1", "State here", "api")), "b1 is used again");
});

test("a token that may only read shows all and changes nothing", async (v) => {
  await v.enter(facts.reader);
  assert.equal(await v.button("Drain", "app/a1").isDisabled(), true);
  assert.equal(await v.page.locator("#matrix button:enabled").count(), 0);
  assert.equal(await v.page.getByText("This token may only read").isVisible(), true);
  assert.match(await v.cell("a1", "State here"), /^up/);
});

test("hostile names and texts are shown as text", async (v) => {
  const spoil = async (route) => {
    const response = await route.fetch();
    const text = (await response.text()).replaceAll('"a3"', JSON.stringify(HOSTILE)).replaceAll('"lb3"', JSON.stringify(HOSTILE));
    await route.fulfill({ response, body: text });
  };
  await v.page.route("**/v1/*", spoil);
  await v.enter();
  const names = await v.page.locator("#matrix tr.server .name").allInnerTexts();
  assert.ok(names.includes(HOSTILE), `${names}`);
  assert.ok((await v.page.locator("#nodes .name").allInnerTexts()).includes(HOSTILE));
  assert.equal(await v.page.locator("img").count(), 0);
  assert.equal(await v.page.evaluate(() => window.hacked), undefined);
});

test("a policy forbids what the page does not need", async (v) => {
  const response = await v.page.goto(facts.url);
  assert.match(response.headers()["content-security-policy"], /default-src 'none'/);
  v.expect(/Content Security Policy/);
  const ran = await v.page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.injected = 1";
    document.body.append(script);
    return window.injected;
  });
  assert.equal(ran, undefined);
});

test("polling stops while the page is hidden and goes on after", async (v) => {
  await v.enter();
  let asked = 0;
  v.page.on("request", (x) => (asked += x.url().includes("/v1/status") ? 1 : 0));
  const hide = (hidden) =>
    v.page.evaluate((x) => {
      Object.defineProperty(document, "hidden", { value: x, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await eventually(() => asked > 1, "it polls");
  await hide(true);
  await new Promise((resolve) => setTimeout(resolve, 1500)); // what was under way
  const before = asked;
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(asked, before);
  await hide(false);
  await eventually(() => asked > before, "it polls again");
});

test("it fits from 360 to 1600 pixels in both themes", async (v) => {
  await v.enter();
  for (const theme of ["Light", "Dark"]) {
    await v.page.getByRole("radio", { name: theme }).check({ force: true });
    const ground = await v.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const brightness = ground.match(/\d+/g).slice(0, 3).map(Number).reduce((a, b) => a + b);
    assert.equal(brightness > 384, theme === "Light", ground);
    for (const width of [360, 768, 1024, 1600]) {
      await v.page.setViewportSize({ width, height: 900 });
      const wide = await v.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${wide} pixels at ${width}, ${theme}`);
    }
  }
  await v.page.reload();
  await v.row("app", "a1").waitFor(); // the token was kept, and the theme
  assert.equal(await v.page.evaluate(() => document.documentElement.dataset.theme), "dark");
});

test("texts have enough contrast in both themes", async (v) => {
  await v.enter();
  for (const theme of ["Light", "Dark"]) {
    await v.page.getByRole("radio", { name: theme }).check({ force: true });
    const poor = await v.page.evaluate(poorTexts);
    assert.deepEqual(poor, [], theme);
  }
});

test("a server that dies is seen down by all with the evidence", async (v) => {
  await v.enter();
  process.kill(facts.servers.a3, "SIGKILL");
  await eventually(async () => /^down/.test(await v.cell("a3", "State here")), "a3 is down", 20);
  await eventually(async () => /^down [23] of 3 say down/.test(await v.cell("a3", "Verdict")), "the verdict is down");
  await eventually(async () => /^down .*refused/.test(await v.cell("a3", "lb2")), "lb2 says why");
  await v.page.locator("#problems").getByText("app/a3 is down").waitFor();
  await v.page.locator("#changes").getByText(/app\/a3 is (down|avoided)/).first().waitFor();
  assert.match(await v.page.locator("#glance").innerText(), /4 of 5/);
});

const drawPictures = async (v) => {
  fs.mkdirSync(facts.screenshots, { recursive: true });
  await v.page.setViewportSize({ width: 1120, height: 900 });
  await v.enter();
  await v.button("Drain", "api/b1").click();
  await eventually(async () => /^drain/.test(await v.cell("b1", "State here", "api")), "b1 is drained");
  await new Promise((resolve) => setTimeout(resolve, 45 * SECONDS)); // the charts fill
  for (const [name, theme, width] of [
    ["dashboard-light", "Light", 1120],
    ["dashboard-dark", "Dark", 1120],
    ["dashboard-narrow", "Light", 360],
  ]) {
    await v.page.setViewportSize({ width, height: 900 });
    await v.page.getByRole("radio", { name: theme }).check({ force: true });
    await v.page.evaluate(() => document.activeElement.blur());
    await new Promise((resolve) => setTimeout(resolve, 1200));
    const file = path.join(facts.screenshots, `${name}.png`);
    const end = await v.page.evaluate(() => document.querySelector("#matrix").closest("section").getBoundingClientRect().bottom + scrollY + 16);
    await v.page.screenshot({ path: file, fullPage: true, clip: { x: 0, y: 0, width, height: Math.min(end, 1600) } });
    assert.ok(fs.statSync(file).size < 150_000, `${file} has ${fs.statSync(file).size} bytes`);
  }
  await v.button("Ready", "api/b1").click();
  await eventually(async () => /^up/.test(await v.cell("b1", "State here", "api")), "b1 is used again");
};

if (facts.screenshots) test("pictures for the documentation", drawPictures);

test("a node that is gone is said so with what remains", async (v) => {
  await v.enter();
  process.kill(facts.nodes.lb3, "SIGKILL");
  await v.page.locator("#problems").getByText("Node lb3 is gone").waitFor({ timeout: 20 * SECONDS });
  assert.match(await v.page.locator("#nodes").innerText(), /lb3\s+gone/);
  await v.button("Drain", "app/a1").click();
  await v.page.getByRole("status").filter({ hasText: "not confirmed by lb3" }).waitFor();
  await v.button("Ready", "app/a1").click();
  await eventually(async () => /^up/.test(await v.cell("a1", "State here")), "a1 is used again");
});

test("a node that does not answer is said so and what was seen stays", async (v) => {
  v.expect(/ERR_|Failed to load/);
  await v.enter();
  process.kill(facts.nodes.lb1, "SIGSTOP");
  await v.page.getByRole("alert").filter({ hasText: "No answer from this node since" }).waitFor({ timeout: 20 * SECONDS });
  assert.equal(await v.row("app", "a1").isVisible(), true);
  process.kill(facts.nodes.lb1, "SIGCONT");
  await eventually(async () => !(await v.page.getByRole("alert").isVisible()), "it goes on");
});

/** Runs in the page: the texts whose contrast with what is behind them is below 4.5 (WCAG 2.1, 1.4.3). */
function poorTexts() {
  const parse = (x) => x.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let x = node; x; x = x.parentElement) {
      const colour = parse(getComputedStyle(x).backgroundColor);
      if (colour.length < 4 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !node.checkVisibility() || node.closest("button:disabled, svg")) continue;
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) found.push(`${node.tagName} "${node.textContent.slice(0, 30)}" ${contrast.toFixed(2)}`);
  }
  return found;
}

// -- running ----------------------------------------------------------------------

async function runAll() {
  const browser = await chromium.launch({ executablePath: facts.chromium, args: ["--no-sandbox"] });
  let passed = 0;
  let failed = 0;
  for (const { name, run } of tests.filter((x) => x.name.includes(only))) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    context.setDefaultTimeout(15 * SECONDS);
    const visit = new Visit(context, await context.newPage());
    const started = Date.now();
    let problem = "";
    try {
      await run(visit);
      visit.check();
    } catch (reason) {
      problem = `${reason.stack ?? reason}\n${visit.complaints.join("\n")}`;
    }
    await context.close();
    if (problem) failed++;
    else passed++;
    console.log(`${problem ? "FAIL" : "ok"} ${name} (${((Date.now() - started) / SECONDS).toFixed(1)} s)`);
    if (problem) console.log(problem.replace(/^/gm, "    "));
  }
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

process.exit(await runAll());
