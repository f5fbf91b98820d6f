// The page: filters above, the list, and beside it the details of one DataCube.

import { Details } from "./details.js";
import { make, say } from "./dom.js";
import { Feed } from "./feed.js";
import { STATES, count, order, select } from "./select.js";
import { Table } from "./table.js";

const HERE = new URL(".", import.meta.url);
const BASE = new URL("../", HERE).pathname;
const ROOT = new URL("../../", HERE).pathname;
const TICK_MS = 10000;
const IDENTITY = ["namespace", "name", "uid"];
const sheet = new CSSStyleSheet();
const styled = fetch(new URL("page.css", HERE)).then((r) => r.text()).then((css) => sheet.replace(css));

const href = {
  task({ dag_id, run_id, task_id, map_index }) {
    const [dag, run, task] = [dag_id, run_id, task_id].map(encodeURIComponent);
    const mapped = map_index < 0 ? "" : `/mapped/${map_index}`;
    return `${ROOT}dags/${dag}/runs/${run}/tasks/${task}${mapped}`;
  },
  details: (row) => `${location.pathname}?${new URLSearchParams(IDENTITY.map((f) => [f, row[f]]))}`,
};

export class DataCubePage extends HTMLElement {
  connectedCallback() {
    this.rows = new Map();
    this.filter = { text: "", state: "", namespace: "", conn_id: "" };
    this.sorting = { by: "age", isDown: false };
    this.isRead = false;
    this.live = "reading …";
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.build(root);
    this.follow();
  }

  disconnectedCallback() {
    this.feed.stop();
    this.details.stop();
    this.themes.disconnect();
    clearInterval(this.tick);
    removeEventListener("popstate", this.popped);
  }

  build(root) {
    const open = (row) => this.open(row);
    const go = (event) => this.go(event);
    this.table = new Table({ open, go, href, sort: (by) => this.sort(by) });
    this.details = new Details({ base: BASE, href, go, close: () => this.close(), learned: (row, part) => this.learned(row, part) });
    this.chips = make("div", { class: "chips", role: "group", "aria-label": "Filter by state" });
    this.namespaces = this.choice("namespace", "Namespace");
    this.connections = this.choice("conn_id", "Connection");
    this.status = make("p", { class: "status", role: "status" });
    this.troubles = make("div", { class: "troubles" });
    this.empty = make("p", { class: "empty", hidden: true });
    const search = make("input", { type: "search", placeholder: "Filter by name, address, DAG, task or reason", "aria-label": "Filter by text" });
    search.addEventListener("input", () => this.narrow("text", search.value));
    this.search = search;
    const bar = make("div", { class: "bar", role: "search" }, search, this.chips, this.namespaces, this.connections);
    const list = make("div", { class: "list" }, this.table.scroller, this.empty);
    const head = make("header", { class: "top" }, make("h1", {}, "DataCubes"), this.status);
    root.replaceChildren(make("main", { hidden: true }, head, this.troubles, bar, make("div", { class: "split" }, list, this.details.element)));
    styled.then(() => root.querySelector("main").removeAttribute("hidden")).then(() => this.draw());
  }

  follow() {
    const theme = () => {
      this.dataset.theme = document.documentElement.classList.contains("dark") ? "dark" : "light";
    };
    theme();
    this.themes = new MutationObserver(theme);
    this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ["class"] });
    this.popped = () => this.draw();
    addEventListener("popstate", this.popped);
    this.tick = setInterval(() => this.table.draw(), TICK_MS);
    this.feed = new Feed(BASE, (answer) => this.heard(answer), (words, isLogin) => this.failed(words, isLogin));
    this.feed.run();
  }

  heard(answer) {
    const known = this.rows;
    if (answer.all) this.rows = new Map();
    for (const key of answer.gone) this.rows.delete(key);
    for (const row of answer.rows) this.rows.set(row.key, { ...row, fraction: furthest(row, known.get(row.key)) });
    this.places = answer.places;
    if (this.rows.size) performance.mark("datacubes-read");
    this.isRead = true;
    this.tell(answer);
    this.draw();
  }

  learned(row, fraction) {
    const known = this.rows.get(row?.key);
    if (!known || fraction === undefined || fraction === known.fraction) return;
    this.rows.set(row.key, { ...known, fraction });
    this.draw();
  }

  tell(answer) {
    const alarms = answer.places.filter((place) => place.message).map((place) => place.message);
    if (answer.problem) alarms.push(answer.problem);
    this.troubles.replaceChildren(...alarms.map((words) => make("p", { role: "alert" }, words)));
    const isLive = answer.places.some((place) => place.state === "live");
    const isReading = answer.places.some((place) => place.state === "reading");
    this.live = isLive ? "live" : isReading ? "reading …" : "";
    this.status.dataset.live = isLive;
  }

  failed(words, isLogin) {
    this.live = "";
    this.status.dataset.live = false;
    const link = isLogin && make("a", { href: `${ROOT}auth/login?next=${encodeURIComponent(location.href)}` }, "Log in");
    this.troubles.replaceChildren(make("p", { role: "alert" }, `${words} `, link || ""));
    this.draw();
  }

  draw() {
    const all = [...this.rows.values()];
    const others = select(all, { ...this.filter, state: "" });
    const rows = order(select(all, this.filter), this.sorting.by, this.sorting.isDown);
    this.table.show(rows, this.sorting);
    this.drawChips(count(others), others.length);
    this.fillChoice(this.namespaces, all, "namespace");
    this.fillChoice(this.connections, all, "conn_id");
    const total = all.length.toLocaleString("en");
    const number = rows.length === all.length ? total : `${rows.length.toLocaleString("en")} of ${total}`;
    say(this.status, [this.isRead && number, this.live].filter(Boolean).join(" · "));
    this.empty.hidden = rows.length > 0 || this.live !== "live";
    say(this.empty, all.length ? "No DataCube is like that: loosen the filter." : "There are no DataCubes here. One appears as soon as a task makes it.");
    this.drawDetails(all);
  }

  drawChips(counts, total) {
    const wanted = [["", "All", total], ...STATES.map((state) => [state, state, counts[state]])];
    if (this.chips.childElementCount !== wanted.length) {
      this.chips.replaceChildren(...wanted.map(([state]) => make("button", { type: "button", "data-state": state, onclick: () => this.narrow("state", state) })));
    }
    wanted.forEach(([state, words, number], index) => {
      const chip = this.chips.children[index];
      chip.setAttribute("aria-pressed", this.filter.state === state);
      say(chip, `${words} ${number.toLocaleString("en")}`);
    });
  }

  choice(field, words) {
    const choice = make("select", { "aria-label": words, "data-all": `All ${words.toLowerCase()}s`, hidden: true });
    choice.addEventListener("change", () => this.narrow(field, choice.value));
    return choice;
  }

  fillChoice(choice, rows, field) {
    const values = ["", ...[...new Set(rows.map((row) => row[field]))].sort()];
    const old = [...choice.options].map((option) => option.value);
    if (old.join("\n") === values.join("\n")) return;
    const chosen = choice.value;
    choice.replaceChildren(...values.map((value) => make("option", { value }, value || choice.dataset.all)));
    choice.value = values.includes(chosen) ? chosen : "";
    this.filter[field] = choice.value;
    choice.hidden = values.length < 3;
  }

  drawDetails(rows) {
    const asked = new URLSearchParams(location.search);
    const wanted = IDENTITY.map((field) => asked.get(field));
    if (!wanted[1]) {
      this.table.select("");
      return this.details.show(null);
    }
    const row = rows.find((one) => IDENTITY.every((field, i) => !wanted[i] || one[field] === wanted[i]));
    this.table.select(row?.key ?? "");
    if (row) return this.details.show(row);
    if (!this.isRead || this.places.some((one) => one.state === "reading")) return undefined;
    const place = `DataCube ${wanted[0] ?? ""}/${wanted[1]}`;
    return this.details.miss(`${place} is not here: it was deleted, its DAG is one that you may not see, or its namespace is not among those of [datacube] ui_connections.`);
  }

  narrow(field, value) {
    this.filter[field] = value;
    this.table.scroller.scrollTop = 0;
    this.draw();
  }

  sort(by) {
    this.sorting = { by, isDown: this.sorting.by === by && !this.sorting.isDown };
    this.draw();
  }

  open(row) {
    history.pushState(history.state, "", href.details(row));
    this.draw();
  }

  close() {
    const key = this.details.row?.key;
    history.pushState(history.state, "", location.pathname);
    this.draw();
    this.table.shown.get(key)?.parts.name.focus();
  }

  /** Follow a link within Airflow's UI without loading it anew. */
  go(event) {
    const link = event.target.closest("a");
    if (!link || !this.navigate || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    const path = link.getAttribute("href");
    this.navigate(`/${path.slice(ROOT.length)}`);
  }
}

/** How far one is: the details learn it sooner than the list, and one process of the server before another. */
function furthest(row, known) {
  const isSame = known && known.pod === row.pod;
  return isSame && (row.fraction ?? -1) < known.fraction ? known.fraction : row.fraction;
}

customElements.define("datacube-page", DataCubePage);
