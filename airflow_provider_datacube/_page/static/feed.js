// What the server knows: asked for once, then only what changes, each request waiting for a change.

const WAIT_S = 20;
// Another process of the API server counts otherwise, and so answers at once, and with everything.
const ELSEWHERE_MS = 5000;
const PAUSES_MS = [500, 1000, 2000, 5000, 10000];

export class Feed {
  /** `heard(answer)` and `failed(message, isLogin)` are called until `stop()`. */
  constructor(base, heard, failed) {
    Object.assign(this, { base, heard, failed, cursor: "", faults: 0 });
    this.ending = new AbortController();
  }

  async run() {
    while (!this.ending.signal.aborted) {
      try {
        const isElsewhere = await this.ask();
        this.faults = 0;
        if (isElsewhere) await this.pause(ELSEWHERE_MS);
      } catch (error) {
        if (this.ending.signal.aborted) return;
        this.failed(error.message, error.isLogin);
        await this.pause(PAUSES_MS[Math.min(this.faults++, PAUSES_MS.length - 1)]);
      }
    }
  }

  async ask() {
    const asked = new URLSearchParams({ after: this.cursor, wait: WAIT_S });
    const answer = await read(`${this.base}rows?${asked}`, this.ending.signal);
    const isElsewhere = answer.all && this.cursor !== "";
    this.cursor = answer.cursor;
    this.heard(answer);
    return isElsewhere;
  }

  pause(longest) {
    return new Promise((done) => setTimeout(done, longest * (0.5 + Math.random() / 2)));
  }

  stop() {
    this.ending.abort();
  }
}

/** Read JSON; what goes wrong is an error in words for people. */
export async function read(url, signal) {
  let response;
  try {
    response = await fetch(url, { signal, headers: { Accept: "application/json" } });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Error("Airflow's API server cannot be reached; trying again.");
  }
  if (response.ok) return response.json();
  const said = await response.json().catch(() => ({}));
  const error = new Error(words(response.status, said.detail));
  error.isLogin = response.status === 401;
  error.status = response.status;
  throw error;
}

function words(status, detail) {
  if (status === 401) return "You are logged out: log in again.";
  if (status === 403) {
    return "You may not see task instances, and so no DataCubes: ask Airflow's administrator.";
  }
  return typeof detail === "string" ? detail : `Airflow's API server answered ${status}.`;
}
