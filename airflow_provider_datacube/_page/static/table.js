// The list: a table of which only what is in sight is in the document.

import { age, make, moment, say, span } from "./dom.js";

const HEIGHT = 48;
const MORE = 8;
const COLUMNS = [
  ["state", "State"],
  ["name", "DataCube"],
  ["type", "Type"],
  ["path", "Source → sink"],
  ["progress", "Progress"],
  ["attempts", "Attempts"],
  ["age", "Age"],
  ["task", "Task instance"],
];

export class Table {
  /** `open(row)`, `sort(column)` and `go(event)` say what the user wants. */
  constructor({ open, sort, go, href }) {
    Object.assign(this, { open, go, href, rows: [], shown: new Map(), selected: "" });
    this.heads = COLUMNS.map(([id, words]) => this.head(id, words, sort));
    this.body = make("div", { class: "body", role: "rowgroup" });
    this.scroller = make(
      "div",
      { class: "scroller", role: "table", "aria-label": "DataCubes", tabindex: "-1" },
      make("div", { role: "rowgroup", class: "heads" }, make("div", { class: "row", role: "row" }, this.heads)),
      this.body,
    );
    this.scroller.addEventListener("scroll", () => this.plan(), { passive: true });
    this.scroller.addEventListener("keydown", (event) => this.key(event));
    this.sizes = new ResizeObserver(() => this.plan());
    this.sizes.observe(this.scroller);
  }

  head(id, words, sort) {
    const label = id === "progress"
      ? make("span", {}, words)
      : make("button", { type: "button", onclick: () => sort(id) }, words);
    return make("div", { class: `cell ${id}`, role: "columnheader", "data-column": id }, label);
  }

  show(rows, sorting) {
    this.rows = rows;
    for (const head of this.heads) {
      const isIt = head.dataset.column === sorting.by;
      head.setAttribute("aria-sort", isIt ? (sorting.isDown ? "descending" : "ascending") : "none");
    }
    this.scroller.setAttribute("aria-rowcount", rows.length + 1);
    this.body.style.height = `${rows.length * HEIGHT}px`;
    this.draw();
  }

  select(key) {
    this.selected = key;
    this.draw();
  }

  plan() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = undefined;
    const top = this.scroller.scrollTop;
    const first = Math.max(0, Math.floor(top / HEIGHT) - MORE);
    const last = Math.min(this.rows.length, Math.ceil((top + this.scroller.clientHeight) / HEIGHT) + MORE);
    const kept = new Map();
    const now = Date.now();
    for (let index = first; index < last; index++) {
      const row = this.rows[index];
      const line = this.shown.get(row.key) ?? this.line(row.key);
      this.fill(line, row, index, now);
      kept.set(row.key, line);
    }
    for (const [key, line] of this.shown) {
      if (!kept.has(key)) line.element.remove();
    }
    this.shown = kept;
    this.body.append(...[...kept.values()].filter((line) => !line.element.isConnected).map((l) => l.element));
  }

  line(key) {
    const cell = (name, ...children) => make("div", { class: `cell ${name}`, role: "cell" }, ...children);
    const part = (name, tag = "span", given = {}) => make(tag, { class: name, ...given });
    const parts = {
      state: part("badge"),
      name: part("open", "a", { href: "#" }),
      where: part("faint"),
      type: part("type"),
      direction: part("faint"),
      source: part("end"),
      sink: part("end"),
      bar: make("progress", { max: 1 }),
      why: part("faint why"),
      attempts: part("number"),
      age: make("time", {}),
      task: part("task", "a"),
      dag: part("faint"),
    };
    const element = make(
      "div",
      { class: "row line", role: "row", "data-key": key },
      cell("state", parts.state),
      cell("name", parts.name, parts.where),
      cell("type", parts.type, parts.direction),
      cell("path", parts.source, parts.sink),
      cell("progress", parts.bar, parts.why),
      cell("attempts", parts.attempts),
      cell("age", parts.age),
      cell("task", parts.task, parts.dag),
    );
    element.addEventListener("click", (event) => this.clicked(event, key));
    return { element, parts, row: null };
  }

  clicked(event, key) {
    if (event.target.closest("a.task")) return this.go(event);
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return undefined;
    event.preventDefault();
    const row = this.rows.find((one) => one.key === key);
    if (row && !String(getSelection())) this.open(row);
    return undefined;
  }

  fill(line, row, index, now) {
    const { element, parts } = line;
    element.style.transform = `translateY(${index * HEIGHT}px)`;
    element.setAttribute("aria-rowindex", index + 2);
    element.classList.toggle("selected", row.key === this.selected);
    const end = Date.parse(row.ended);
    say(parts.age, age(row.created, now));
    if (line.row === row) return;
    line.row = row;
    parts.age.title = `created ${moment(row.created)}${end ? `, took ${span(end - Date.parse(row.created))}` : ""}`;
    parts.age.dateTime = row.created;
    say(parts.state, row.state);
    parts.state.dataset.state = row.state;
    say(parts.name, row.name);
    parts.name.title = row.name;
    parts.name.href = this.href.details(row);
    say(parts.where, row.namespace);
    parts.where.title = `namespace ${row.namespace}, connection ${row.conn_id}`;
    say(parts.type, row.type);
    say(parts.direction, row.direction);
    ends(parts, row);
    progress(parts, row);
    say(parts.attempts, row.attempts ? `${row.attempts} of ${row.retries + 1}` : "–");
    task(parts, row, this.href);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const at = this.scroller.getRootNode().activeElement?.closest?.(".line");
    if (!step || !at) return;
    event.preventDefault();
    const index = this.rows.findIndex((row) => row.key === at.dataset.key) + step;
    const next = Math.min(Math.max(index, 0), this.rows.length - 1);
    const top = next * HEIGHT;
    const high = this.scroller.clientHeight - this.heads[0].offsetHeight;
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + HEIGHT > this.scroller.scrollTop + high) this.scroller.scrollTop = top + HEIGHT - high;
    this.draw();
    this.shown.get(this.rows[next].key)?.parts.name.focus({ preventScroll: true });
  }
}

function ends(parts, row) {
  for (const end of ["source", "sink"]) {
    const isVolume = (end === "sink") === (row.direction === "download");
    say(parts[end], `${end === "sink" ? "→ " : ""}${row[end] || "?"}`);
    parts[end].title = `${end}: ${isVolume ? "volume " : ""}${row[end]}`;
  }
}

function progress(parts, row) {
  const done = row.state === "Succeeded" ? 1 : row.fraction;
  if (done === undefined || done === null) parts.bar.removeAttribute("value");
  else parts.bar.value = done;
  // Of one that waits or failed, how far it was matters less than why.
  parts.bar.hidden = ["Pending", "Failed"].includes(row.state);
  parts.bar.dataset.state = row.state;
  parts.bar.setAttribute("aria-label", `progress of ${row.name}`);
  const part = row.fraction && row.state === "Running" ? `${Math.floor(100 * row.fraction)} %` : "";
  const words = row.state === "Succeeded" ? "" : part || (row.state === "Running" ? "" : row.why);
  say(parts.why, words);
  parts.why.title = row.why;
}

function task(parts, row, href) {
  const made = row.task;
  parts.task.hidden = !made;
  say(parts.dag, made ? made.dag_id : "none");
  if (!made) return parts.task.removeAttribute("href");
  say(parts.task, made.map_index < 0 ? made.task_id : `${made.task_id} [${made.map_index}]`);
  parts.task.href = href.task(made);
  parts.task.title = `${made.dag_id} / ${made.run_id} / ${made.task_id}`;
  return undefined;
}
