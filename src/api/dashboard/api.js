// SPDX-License-Identifier: BSD-3-Clause
// The node's API. The token lives as long as the tab.

const KEY = "troupe-token";
const PATIENCE_MS = 5000;

/** `status` is that of the answer, 0 if there was none. */
export class ApiError extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? "",
  set: (text) => sessionStorage.setItem(KEY, text),
  forget: () => sessionStorage.removeItem(KEY),
};

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { Authorization: `Bearer ${token.get()}` },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      credentials: "omit",
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch (reason) {
    throw new ApiError(0, reason.name === "TimeoutError" ? "no answer in time" : "no connection");
  }
  let answer = null;
  try {
    answer = await response.json();
  } catch {
    throw new ApiError(response.status === 200 ? 0 : response.status, "the answer is not JSON");
  }
  if (!response.ok) throw new ApiError(response.status, answer?.error ?? `status ${response.status}`);
  return answer;
}

export const get = (path) => call("GET", path);

/** As get(), but null on a node that belongs to no cluster. */
export const getOfCluster = (path) =>
  get(path).catch((reason) => {
    if (reason.status === 409) return null;
    throw reason;
  });

/** "ready", "drain" or "maint". */
export const setServer = (backend, server, admin) =>
  call("POST", `/v1/servers/${encodeURIComponent(backend)}/${encodeURIComponent(server)}`, { admin });
