// SPDX-License-Identifier: BSD-3-Clause
// A line chart of the last minutes, drawn as SVG at the width it has.

import { el, setAttribute, setText, svg } from "./dom.js";

const HEIGHT = 168;
const MARGIN = { top: 8, right: 10, bottom: 22, left: 52 };

/** The least "round" number that is not below x. */
export function roundUp(x) {
  if (!(x > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 2.5, 5, 10].map((m) => m * power).find((y) => y >= x * 0.999);
}

/** Pieces of a line: numbers in a row, interrupted where there are none or where no answer came for `gap_us`. */
export function pieces(points, key, gap_us) {
  const result = [];
  let piece = null;
  let before = null;
  for (const point of points) {
    const usable = Number.isFinite(point[key]);
    if (!usable || (before !== null && point.at_us - before > gap_us)) piece = null;
    before = point.at_us;
    if (!usable) continue;
    if (!piece) result.push((piece = []));
    piece.push(point);
  }
  return result;
}

export class Chart {
  /**
   * @param lines [{key, name}], at most three: they differ by their dashes, too.
   * @param format Makes a number a text with its unit.
   */
  constructor({ title, lines, format, floor, span_us, gap_us }) {
    Object.assign(this, { title, lines, format, floor, span_us, gap_us, points: [] });
    this.readings = new Map();
    const legend = el("ul", { class: "legend" });
    lines.forEach(({ key, name }, i) => {
      const reading = el("strong", {}, "–");
      this.readings.set(key, reading);
      const sample = svg("svg", { width: 22, height: 8, "aria-hidden": "true", class: `sample line${i}` });
      sample.append(svg("path", { d: "M1 4H21" }));
      legend.append(el("li", {}, sample, el("span", {}, name), reading));
    });
    this.picture = svg("svg", { class: "chart", role: "img", height: HEIGHT, "aria-label": title });
    this.element = el("figure", { class: "card" }, el("figcaption", {}, el("h3", {}, title), legend), this.picture);
    new ResizeObserver(() => this.draw()).observe(this.picture);
  }

  update(points) {
    this.points = points;
    const last = points.at(-1);
    for (const { key } of this.lines) setText(this.readings.get(key), this.format(last ? last[key] : null));
    const said = this.lines.map(({ key, name }) => `${name} ${this.format(last ? last[key] : null)}`);
    setAttribute(this.picture, "aria-label", `${this.title}, now: ${said.join(", ")}`);
    this.draw();
  }

  draw() {
    const width = this.picture.clientWidth;
    if (width < 100) return; // not shown
    const inner = { x: width - MARGIN.left - MARGIN.right, y: HEIGHT - MARGIN.top - MARGIN.bottom };
    const values = this.points.flatMap((x) => this.lines.map(({ key }) => x[key])).filter(Number.isFinite);
    const top = roundUp(Math.max(this.floor, ...values));
    const now = this.points.at(-1)?.at_us ?? 0;
    const x = (point) => MARGIN.left + inner.x * (1 - (now - point.at_us) / this.span_us);
    const y = (value) => MARGIN.top + inner.y * (1 - value / top);
    setAttribute(this.picture, "viewBox", `0 0 ${width} ${HEIGHT}`);
    this.picture.replaceChildren(...this.axes(width, top, y), ...this.drawnLines(x, y));
  }

  axes(width, top, y) {
    const result = [];
    for (const share of [0, 0.5, 1]) {
      const at = y(top * share);
      result.push(
        svg("path", { class: share ? "grid" : "axis", d: `M${MARGIN.left} ${at}H${width - MARGIN.right}` }),
        svg("text", { x: MARGIN.left - 8, y: at + 4, "text-anchor": "end" }, this.format(top * share)),
      );
    }
    const minutes = this.span_us / 60e6;
    const steps = [
      [0, `−${minutes} min`, "start"],
      [0.5, `−${minutes / 2} min`, "middle"],
      [1, "now", "end"],
    ];
    for (const [share, text, anchor] of steps)
      result.push(
        svg(
          "text",
          {
            x: MARGIN.left + (width - MARGIN.left - MARGIN.right) * share,
            y: HEIGHT - 5,
            "text-anchor": anchor,
          },
          text,
        ),
      );
    return result;
  }

  drawnLines(x, y) {
    const path = (piece, key) => piece.map((p, i) => `${i ? "L" : "M"}${x(p).toFixed(1)} ${y(p[key]).toFixed(1)}`).join("");
    const result = [];
    this.lines.forEach(({ key }, i) => {
      for (const piece of pieces(this.points, key, this.gap_us)) {
        const d = path(piece, key);
        if (i === 0 && piece.length > 1)
          result.push(
            svg("path", { class: "area", d: `${d}L${x(piece.at(-1)).toFixed(1)} ${y(0)}L${x(piece[0]).toFixed(1)} ${y(0)}Z` }),
          );
        result.push(svg("path", { class: `line${i}`, d: piece.length > 1 ? d : `${d}h0.1` }));
      }
    });
    return result;
  }
}
