// Elements, and words for people. All text becomes text nodes: nothing that a cluster says is markup.

const SECOND = 1000;
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** Make an element: `on…` are listeners, `class` and others attributes, null is left out. */
export function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set the text of an element, where it differs. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The two largest units of a span of time: `2 h 5 min`. */
export function span(milliseconds) {
  let seconds = Math.max(0, Math.round(milliseconds / SECOND));
  const words = [];
  for (const [unit, size] of UNITS) {
    const number = Math.floor(seconds / size);
    seconds -= number * size;
    if (number || (unit === "s" && !words.length)) words.push(`${number} ${unit}`);
    else if (words.length) break;
    if (words.length === 2) break;
  }
  return words.join(" ");
}

/** The largest unit alone: `2 h`. */
export function age(since, now) {
  const moment = Date.parse(since);
  if (Number.isNaN(moment)) return "";
  return span(now - moment).split(" ").slice(0, 2).join(" ");
}

/** A time in the zone that is chosen in Airflow's UI: `2026-11-26 09:30:00`. */
export function moment(text) {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : clock().format(time);
}

const FORM = { dateStyle: "short", timeStyle: "medium" };
let known = { zone: null };

function clock() {
  const zone = localStorage.getItem("timezone");
  if (known.zone !== zone || !known.clock) known = { zone, clock: clockOf(zone) };
  return known.clock;
}

function clockOf(zone) {
  try {
    return new Intl.DateTimeFormat("sv-SE", { ...FORM, timeZone: JSON.parse(zone) ?? "UTC" });
  } catch {
    return new Intl.DateTimeFormat("sv-SE", { ...FORM, timeZone: "UTC" });
  }
}
