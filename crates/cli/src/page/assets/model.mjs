// What the profiles say: the tables as the report has them, the rows below them, and sums of
// those rows that a filter lets through.

/// What pictures may count, each a column of the rows.
export const MEASURES = [
  { key: 'wait', title: 'Waiting', type: 'time', help: 'time spent waiting for locks, where it was asked for them' },
  { key: 'hold', title: 'Holding', type: 'time', help: 'time locks were held, where they were released' },
  { key: 'acquisitions', title: 'Acquisitions', type: 'count', help: 'how often locks were taken' },
  { key: 'blocked', title: 'Blame', type: 'time', help: 'waiting of others, where the lock they waited for was released' },
  { key: 'sync-wait', title: 'Sync waits', type: 'time', help: 'waiting that is not for a lock: for signals, at barriers, for threads to end' },
];
/// Columns of the rows that add up.
const SUMS = ['acquisitions', 'waits', 'wait', 'waited', 'failed', 'holds', 'hold', 'blocked'];
/// Columns of which the largest counts.
const LARGEST = ['wait-max', 'hold-max', 'queue-max'];
/// What is computed from sums, as the report computes it.
const COMPUTED = {
  contended: (sum) => ratio(sum.waits, Math.max(sum.acquisitions, sum.waits), 100),
  'wait-mean': (sum) => ratio(sum.waited, sum.waits),
  'hold-mean': (sum) => ratio(sum.hold, sum.holds),
  'wait-max': (sum) => (sum.waits > 0 ? sum['wait-max'] : null),
  'hold-max': (sum) => (sum.holds > 0 ? sum['hold-max'] : null),
  utilisation: (sum, about) => ratio(sum.hold, about.wall_ns, 100),
  bound: (sum, about) => ratio(sum.wait, about.threads_ns, 100),
  blame: (sum, about) => ratio(sum.blocked, about.wait_ns, 100),
};

export class Model {
  constructor(page) {
    this.about = page.about;
    this.tables = page.tables;
    const { stacks, samples, intervals, roots } = page.rows;
    this.roots = roots;
    this.functions = stacks.names;
    this.files = stacks.files;
    this.up = Int32Array.from([0, ...stacks.up]);
    this.functionOf = Int32Array.from([-1, ...stacks.function]);
    this.samples = Object.fromEntries(Object.entries(samples).map(([key, values]) => [key, Float64Array.from(values)]));
    this.intervals = intervals;
    this.size = samples.stack.length;
    /// The first row of each name of a lock: the locks of several processes have addresses of their own.
    this.rowOfName = new Map();
    page.tables.lock.rows.lock.forEach((name, row) => !this.rowOfName.has(name) && this.rowOfName.set(name, row));
    /// The row of the only lock, and thread, that counts; -1 for all.
    this.filter = { lock: -1, thread: -1 };
  }

  /// Which measures there is anything of.
  measures() {
    return MEASURES.filter(({ key }) => this.samples[key].some((value) => value > 0));
  }

  /// Whether a row is about what the filter asks for, but for what is to be left open.
  passes(index, open = '') {
    const { lock, thread } = this.filter;
    return (lock < 0 || open === 'lock' || this.samples.lock[index] === lock)
      && (thread < 0 || open === 'thread' || this.samples.thread[index] === thread);
  }

  /// The sum of a measure, of what passes the filter.
  total(key) {
    const values = this.samples[key];
    let sum = 0;
    for (let index = 0; index < this.size; index += 1) if (values[index] > 0 && this.passes(index)) sum += values[index];
    return sum;
  }

  /// The rows of a table under the filter: numbers of its rows, and how to read a cell. A
  /// filter by what the table is about marks rows and removes none.
  rows(view) {
    const table = this.tables[view];
    const all = table.labels.map((_, row) => row);
    const asIs = (key, row) => table.rows[key][row];
    const isOpen = (what) => this.filter[what] < 0 || view === what || this.#hasNo(view, what);
    if (isOpen('lock') && isOpen('thread')) return { rows: all, cell: asIs, isPart: false };
    if (view === 'edge' && isOpen('thread')) {
      const ofLock = new Set();
      for (let index = 0; index < this.size; index += 1) if (this.passes(index)) ofLock.add(this.samples.edge[index]);
      return { rows: all.filter((row) => ofLock.has(row)), cell: asIs, isPart: false };
    }
    const sums = this.sums(view);
    const cell = (key, row) => this.#part(table, sums.get(row), key, row);
    return { rows: all.filter((row) => sums.has(row)), cell, isPart: true };
  }

  /// The sums of the rows of a table, by its row.
  sums(view) {
    const sums = new Map();
    const of = this.samples[view];
    const isSync = view === 'sync';
    for (let index = 0; index < this.size; index += 1) {
      if (of[index] < 0 || !this.passes(index, isSync ? 'lock' : view)) continue;
      if (!isSync && this.samples.sync[index] >= 0) continue;
      if (!sums.has(of[index])) sums.set(of[index], Object.fromEntries([...SUMS, ...LARGEST].map((key) => [key, 0])));
      const sum = sums.get(of[index]);
      if (isSync) {
        sum.waits += this.samples['sync-waits'][index];
        sum.wait += this.samples['sync-wait'][index];
        continue;
      }
      for (const key of SUMS) sum[key] += this.samples[key][index];
      for (const key of LARGEST) sum[key] = Math.max(sum[key], this.samples[key][index]);
    }
    return sums;
  }

  /// Sync waits are for no lock.
  #hasNo(view, what) {
    return view === 'sync' && what === 'lock';
  }

  #part(table, sum, key, row) {
    const column = table.columns.find((known) => known.key === key);
    if (column.type === 'text' || column.type === 'id') return key.startsWith('top-') ? null : table.rows[key][row];
    if (COMPUTED[key]) return COMPUTED[key](sum, this.about);
    return sum[key] ?? null;
  }

  /// Waiting by where was waited, for locks of what name, and where those were released; the
  /// most first.
  edges() {
    const [edges, byRow] = [new Map(), new Map()];
    const { edge, root, wait, waits } = this.samples;
    for (let index = 0; index < this.size; index += 1) {
      if (edge[index] < 0 || !this.passes(index)) continue;
      if (!byRow.has(edge[index])) {
        const own = this.#edge(edge[index]);
        const key = JSON.stringify([own.waiter, own.holder, own.lock]);
        if (!edges.has(key)) edges.set(key, own);
        byRow.set(edge[index], edges.get(key));
      }
      const sum = byRow.get(edge[index]);
      sum.wait += wait[index];
      sum.waits += waits[index];
      if (root[index] >= 0) {
        const name = this.roots[root[index]];
        sum.roots.set(name, (sum.roots.get(name) ?? 0) + wait[index]);
      }
    }
    return [...edges.values()].sort((a, b) => b.wait - a.wait || a.row - b.row);
  }

  #edge(row) {
    const { rows } = this.tables.edge;
    return { row, lock: rows.lock[row], waiter: rows['waiter-site'][row], holder: rows['holder-site'][row], wait: 0, waits: 0, roots: new Map() };
  }

  /// Waits or holds by the power of two at or below them: how many, and how long together.
  histogram(what, lock) {
    const [events, time] = what === 'wait' ? ['waits', 'waited'] : ['holds', 'hold'];
    const buckets = new Map();
    for (let index = 0; index < this.size; index += 1) {
      const bucket = this.samples.bucket[index];
      if (bucket < 0 || !this.samples[events][index] || !this.passes(index)) continue;
      if (lock >= 0 && this.samples.lock[index] !== lock) continue;
      const sum = buckets.get(bucket) ?? { bucket, events: 0, time: 0 };
      sum.events += this.samples[events][index];
      sum.time += this.samples[time][index];
      buckets.set(bucket, sum);
    }
    return [...buckets.values()].sort((a, b) => a.bucket - b.bucket);
  }

  /// What happened in each file, by the first row of each name of a lock.
  timeline(key) {
    const sums = this.about.files.map((file, index) => ({ ...file, index, total: 0, locks: new Map() }));
    const { file, lock, thread } = this.intervals;
    const values = this.intervals[key] ?? [];
    for (let index = 0; index < values.length; index += 1) {
      if (this.filter.lock >= 0 && lock[index] !== this.filter.lock) continue;
      if (this.filter.thread >= 0 && thread[index] !== this.filter.thread) continue;
      const sum = sums[file[index]];
      sum.total += values[index];
      const row = this.rowOfName.get(this.tables.lock.rows.lock[lock[index]]) ?? -1;
      sum.locks.set(row, (sum.locks.get(row) ?? 0) + values[index]);
    }
    return sums.sort((a, b) => a.start_unix_ms - b.start_unix_ms || a.index - b.index);
  }
}

function ratio(part, whole, times = 1) {
  return whole > 0 ? (part / whole) * times : null;
}
