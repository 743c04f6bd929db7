// SPDX-License-Identifier: BSD-3-Clause
// Rates and percentiles from successive answers of /v1/traffic, whose counters only grow. No DOM.

const CLASSES = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/** The counters of one frontend, or of all: {requests, durations}. */
export function totals(traffic, frontend = "") {
  const result = { requests: Object.fromEntries(CLASSES.map((x) => [x, 0])), durations: [] };
  for (const one of traffic.frontends) {
    if (frontend && one.name !== frontend) continue;
    for (const name of CLASSES) result.requests[name] += one.requests[name];
    one.durations.forEach((n, i) => (result.durations[i] = (result.durations[i] ?? 0) + n));
  }
  return result;
}

const sum = (xs) => xs.reduce((a, b) => a + b, 0);

/**
 * What happened between two answers: {seconds, requests, all, durations}; null where they cannot be compared: the
 * node was restarted, or a reload took a frontend away.
 */
export function between(before, after, frontend = "") {
  const seconds = (after.uptime_us - before.uptime_us) / 1e6;
  if (!(seconds > 0)) return null;
  const [a, b] = [totals(before, frontend), totals(after, frontend)];
  const requests = Object.fromEntries(CLASSES.map((x) => [x, b.requests[x] - a.requests[x]]));
  const durations = b.durations.map((n, i) => n - (a.durations[i] ?? 0));
  if (Object.values(requests).some((n) => n < 0) || durations.some((n) => n < 0)) return null;
  return { seconds, requests, all: sum(Object.values(requests)), durations };
}

/**
 * The duration below which the share `q` of the counted ones lies, in the unit of `bounds`: within a bucket taken to
 * be spread evenly. null if nothing was counted, Infinity beyond the last bound.
 */
export function percentile(counts, bounds, q) {
  const wanted = q * sum(counts);
  if (!(wanted > 0)) return null;
  let below = 0;
  for (let i = 0; i < counts.length; i++) {
    if (counts[i] > 0 && below + counts[i] >= wanted) {
      if (i >= bounds.length) return Infinity;
      const low = i === 0 ? 0 : bounds[i - 1];
      return low + ((bounds[i] - low) * (wanted - below)) / counts[i];
    }
    below += counts[i];
  }
  return Infinity;
}

/** The answers of the last minutes. */
export class History {
  constructor(span_us, window_us) {
    this.span_us = span_us;
    this.window_us = window_us;
    this.answers = [];
  }

  get last() {
    return this.answers.at(-1) ?? null;
  }

  add(traffic) {
    if (this.last && traffic.uptime_us <= this.last.uptime_us) this.answers = []; // restarted
    this.answers.push(traffic);
    while (this.answers[0].uptime_us < traffic.uptime_us - this.span_us) this.answers.shift();
  }

  /** The answer that is about a window older than number `i`; null if there is none near. */
  earlier(i) {
    const target = this.answers[i].uptime_us - this.window_us;
    let found = null;
    for (let k = i - 1; k >= 0; k--) {
      if (this.answers[k + 1].uptime_us - this.answers[k].uptime_us > this.window_us) break; // a pause
      found = this.answers[k];
      if (found.uptime_us <= target) break;
    }
    return found;
  }

  /** {at_us, rate, errors4, errors5, p50, p95, p99} of every answer; null where nothing can be said. */
  points(frontend = "") {
    return this.answers.map((after, i) => {
      const before = this.earlier(i);
      const span = before && between(before, after, frontend);
      return { at_us: after.uptime_us, ...describe(span, after.duration_bounds_us) };
    });
  }

  /** Requests a second of a server lately. */
  serverRate(backend, server) {
    const find = (traffic) =>
      traffic?.backends.find((x) => x.name === backend)?.servers.find((x) => x.name === server);
    const before = this.answers.length ? this.earlier(this.answers.length - 1) : null;
    const [a, b] = [find(before), find(this.last)];
    if (!a || !b) return null;
    const n = sum(CLASSES.map((x) => b.requests[x] - a.requests[x]));
    return n < 0 ? null : n / ((this.last.uptime_us - before.uptime_us) / 1e6);
  }
}

function describe(span, bounds) {
  if (!span) return { rate: null, errors4: null, errors5: null, share5: null, p50: null, p95: null, p99: null };
  return {
    rate: span.all / span.seconds,
    errors4: span.requests["4xx"] / span.seconds,
    errors5: span.requests["5xx"] / span.seconds,
    share5: span.all > 0 ? span.requests["5xx"] / span.all : null,
    p50: percentile(span.durations, bounds, 0.5),
    p95: percentile(span.durations, bounds, 0.95),
    p99: percentile(span.durations, bounds, 0.99),
  };
}
