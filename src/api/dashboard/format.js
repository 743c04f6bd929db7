// SPDX-License-Identifier: BSD-3-Clause
// Numbers as people read them. No DOM.

const NONE = "–";

/** 0.4, 12, 1,234: one decimal below ten. */
export function rate(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return NONE;
  if (x > 0 && x < 0.05) return "< 0.1";
  return x < 9.95 && x !== 0 ? x.toFixed(1) : count(Math.round(x));
}

export const count = (x) => (x === null || x === undefined ? NONE : x.toLocaleString("en-US"));

/** A duration in microseconds; Infinity is more than the last bucket knows. */
export function duration(us) {
  if (us === null || us === undefined) return NONE;
  if (us === Infinity) return "> 10 s";
  if (us === 0) return "0 ms";
  if (us < 1000) return `${(us / 1000).toFixed(2)} ms`;
  if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  return `${(us / 1e6).toFixed(1)} s`;
}

export function percent(x) {
  if (x === null || x === undefined) return NONE;
  if (x === 0) return "0 %";
  if (x < 0.001) return "< 0.1 %";
  return `${(x * 100).toFixed(x < 0.1 ? 1 : 0)} %`;
}

/** An age in milliseconds, in its largest unit. */
export function age(ms) {
  if (ms < 10_000) return `${(Math.max(ms, 0) / 1000).toFixed(1)} s`;
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

export const clock = (date) => date.toTimeString().slice(0, 8);
