// Which rows are shown, and in which order: pure.

export const STATES = ["Running", "Pending", "Failed", "Succeeded"];

export const SORTS = {
  state: (row) => STATES.indexOf(row.state),
  name: (row) => row.name,
  type: (row) => `${row.type} ${row.direction}`,
  path: (row) => `${row.source} ${row.sink}`,
  attempts: (row) => row.attempts,
  age: (row) => -Date.parse(row.created) || 0,
  task: (row) => (row.task ? `${row.task.dag_id} ${row.task.task_id}` : "\uffff"),
};

/** The rows that a filter lets through: each word of the text, a state, a namespace, a connection. */
export function select(rows, filter) {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return rows.filter(
    (row) =>
      (!filter.state || row.state === filter.state) &&
      (!filter.namespace || row.namespace === filter.namespace) &&
      (!filter.conn_id || row.conn_id === filter.conn_id) &&
      words.every((word) => haystack(row).includes(word)),
  );
}

/** The same rows in order; those that are alike by name. */
export function order(rows, by, isDown) {
  const key = SORTS[by];
  const sign = isDown ? -1 : 1;
  return rows
    .map((row) => [key(row), row])
    .sort(([a, x], [b, y]) => sign * compare(a, b) || compare(x.name, y.name))
    .map(([, row]) => row);
}

/** How many rows there are of each state. */
export function count(rows) {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
  for (const row of rows) counts[row.state] = (counts[row.state] ?? 0) + 1;
  return counts;
}

const haystacks = new WeakMap();

function haystack(row) {
  if (!haystacks.has(row)) {
    const { task } = row;
    const ids = task ? [task.dag_id, task.task_id, task.run_id] : [];
    const fields = [row.name, row.namespace, row.type, row.source, row.sink, row.why, ...ids];
    haystacks.set(row, fields.join("\n").toLowerCase());
  }
  return haystacks.get(row);
}

function compare(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
