// One DataCube: what is wrong and what mends it first, then conditions, Events, log, YAML.

import { make, moment, say, span } from "./dom.js";
import { read } from "./feed.js";

const AGAIN_MS = 4000;

export class Details {
  constructor({ base, close, go, href, learned }) {
    Object.assign(this, { base, go, href, learned, row: null });
    this.title = make("h2", { tabindex: "-1" });
    this.head = make("div", { class: "facts" });
    this.body = make("div", { class: "sections" });
    const button = make("button", { type: "button", class: "close", "aria-label": "Close the details", onclick: close }, "×");
    this.element = make(
      "section",
      { class: "details", "aria-label": "Details of a DataCube", hidden: true },
      make("header", {}, this.title, button),
      this.head,
      this.body,
    );
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && close());
  }

  /** Show a row, or with null nothing; what is open stays open, and where it was scrolled to. */
  show(row) {
    const isOther = row?.key !== this.row?.key;
    const isNewer = row?.version !== this.row?.version;
    this.row = row;
    this.element.hidden = !row;
    if (!row) return this.stop();
    say(this.title, row.name);
    this.head.replaceChildren(...this.facts(row));
    if (isOther) {
      this.body.replaceChildren(make("p", { class: "faint", role: "status" }, "Reading …"));
      this.title.focus({ preventScroll: true });
      this.element.scrollTop = 0;
    }
    if (isOther || isNewer) this.look();
    return undefined;
  }

  /** Say that what a link leads to is not there. */
  miss(words) {
    this.stop();
    this.row = null;
    this.element.hidden = false;
    say(this.title, "Not found");
    this.head.replaceChildren();
    this.body.replaceChildren(make("p", { role: "alert" }, words));
  }

  stop() {
    clearTimeout(this.timer);
    this.asking?.abort();
  }

  async look() {
    this.stop();
    const { row } = this;
    this.asking = new AbortController();
    try {
      const asked = new URLSearchParams({ key: row.key });
      const details = await read(`${this.base}details?${asked}`, this.asking.signal);
      if (this.row?.key === row.key) this.fill(details);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (this.row?.key === row.key) this.body.replaceChildren(make("p", { role: "alert" }, error.message));
    }
    const isOver = ["Succeeded", "Failed"].includes(this.row?.state);
    if (this.row && !isOver) this.timer = setTimeout(() => this.look(), AGAIN_MS);
  }

  facts(row) {
    const end = Date.parse(row.ended);
    const took = end ? `${span(end - Date.parse(row.created))}` : "";
    const task = row.task && make("a", { href: this.href.task(row.task), class: "task", onclick: this.go }, taskWords(row.task));
    const facts = [
      ["State", make("span", { class: "badge", "data-state": row.state }, row.state)],
      ["Source", row.source || "?"],
      ["Sink", row.sink || "?"],
      ["Type", `${row.type} ${row.direction}`],
      ["Attempts", row.attempts ? `${row.attempts} of ${row.retries + 1}` : "none yet"],
      ["Created", `${moment(row.created)}${took ? `, took ${took}` : ""}`],
      ["Task", task ?? "not made by a task"],
      ["Where", `namespace ${row.namespace}, connection ${row.conn_id}`],
    ];
    return [make("dl", {}, facts.map(([word, value]) => [make("dt", {}, word), make("dd", {}, value)]))];
  }

  fill(details) {
    // Each time: the list forgets it when a process answers that has not read everything yet.
    this.learned(this.row, details.progress?.fraction);
    const text = JSON.stringify(details);
    if (text === this.text && this.body.querySelector("section")) return;
    this.text = text;
    if (details.problem) return this.body.replaceChildren(make("p", { role: "alert" }, details.problem));
    const open = new Set([...this.body.querySelectorAll("details[open]")].map((one) => one.dataset.name));
    const log = this.body.querySelector(".log");
    const isAtEnd = !log || log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
    this.body.replaceChildren(
      ...[trouble(details.trouble, this.row), progress(details.progress, this.row), conditions(details), pod(details.pod), events(details.events), logOf(details.log), missing(details.missing), yaml(details.yaml, open.has("yaml"))].filter(Boolean),
    );
    const now = this.body.querySelector(".log");
    if (now && isAtEnd) now.scrollTop = now.scrollHeight;
    return undefined;
  }
}

function taskWords(task) {
  const index = task.map_index < 0 ? "" : ` [${task.map_index}]`;
  return `${task.dag_id} › ${task.task_id}${index}`;
}

function section(words, ...children) {
  return make("section", {}, make("h3", {}, words), ...children);
}

function trouble(said, row) {
  if (!said) return null;
  const line = (word, text) => text && make("p", {}, make("strong", {}, `${word} `), text);
  return make(
    "section",
    { class: `trouble ${row.state === "Failed" ? "failed" : "waiting"}`, role: "note" },
    make("p", { class: "cause" }, said.text),
    line("This means:", said.means),
    line("What to do:", said.mend),
  );
}

function progress(said, row) {
  if (!said || row.state === "Succeeded") return null;
  const bar = make("progress", { max: 1, value: said.fraction, "data-state": row.state, "aria-label": "progress" });
  return section("Progress", bar, make("p", { class: "mono" }, said.text));
}

function conditions({ conditions: all }) {
  if (!all.length) return section("Conditions", make("p", { class: "faint" }, "None yet: no controller has taken it up."));
  const rows = all.map((one) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, one.type),
      make("td", {}, make("span", { class: "truth", "data-truth": `${one.type} ${one.status}` }, one.status)),
      make("td", { class: "words" }, make("strong", {}, one.reason), make("div", {}, one.message)),
      make("td", { class: "when" }, moment(one.lastTransitionTime)),
    ),
  );
  return section("Conditions", table(["Type", "Status", "Reason and message", "Since"], rows));
}

function pod(said) {
  if (!said) return null;
  const where = said.node ? ` on node ${said.node}` : "";
  return section("Pod", make("p", {}, make("span", { class: "mono" }, said.name), `${where}: ${said.phase}`), make("ul", {}, said.containers.map((one) => make("li", {}, one))));
}

function events(all) {
  if (!all.length) return null;
  const rows = [...all].reverse().map((one) =>
    make(
      "tr",
      { class: one.is_warning ? "warning" : null },
      make("td", { class: "when" }, moment(one.when)),
      make("td", {}, make("strong", {}, one.reason), make("div", { class: "faint" }, `${one.kind} ${one.name}`)),
      make("td", { class: "words" }, `${one.message}${one.count > 1 ? ` (${one.count} times)` : ""}`),
    ),
  );
  return section("Events, newest first", table(["Seen", "Reason", "Message"], rows));
}

function table(heads, rows) {
  const head = make("thead", {}, make("tr", {}, heads.map((words) => make("th", { scope: "col" }, words))));
  return make("div", { class: "wide" }, make("table", {}, head, make("tbody", {}, rows)));
}

function logOf(lines) {
  if (!lines.length) return null;
  return section(`Log, last ${lines.length} lines`, make("pre", { class: "log", tabindex: "0", "aria-label": "the pod's log" }, lines.join("\n")));
}

function missing(all) {
  if (!all.length) return null;
  return section("Not to be found out", make("ul", { class: "faint" }, all.map((one) => make("li", {}, `${one.what}: ${one.why}`))));
}

function yaml(text, isOpen) {
  const copy = make("button", { type: "button", onclick: () => navigator.clipboard?.writeText(text) }, "Copy");
  return make("section", {}, make("details", { "data-name": "yaml", open: isOpen }, make("summary", {}, make("h3", {}, "YAML")), copy, make("pre", { tabindex: "0", "aria-label": "the DataCube as YAML" }, text)));
}
