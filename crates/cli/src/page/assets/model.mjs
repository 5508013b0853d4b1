// What the profiles say: the tables as the report has them, the rows below them, and sums of
// those rows that a filter lets through.

import { addRow, cellOf, emptySum } from './sums.mjs';

/// What pictures may count, each a column of the rows.
export const MEASURES = [
  { key: 'wait', title: 'Waiting', type: 'time', help: 'time spent waiting for locks, where it was asked for them' },
  { key: 'hold', title: 'Holding', type: 'time', help: 'time locks were held, where they were released' },
  { key: 'acquisitions', title: 'Acquisitions', type: 'count', help: 'how often locks were taken' },
  { key: 'blocked', title: 'Blame', type: 'time', help: 'waiting of others, where the lock they waited for was released' },
  { key: 'sync-wait', title: 'Sync waits', type: 'time', help: 'waiting that is not for a lock: for signals, at barriers, for threads to end' },
];
/// Columns of the rows that pictures count.
const COUNTED = MEASURES.map(({ key }) => key).filter((key) => key !== 'sync-wait');

export class Model {
  constructor(page) {
    this.about = page.about;
    this.tables = page.tables;
    const { stacks, samples, intervals, roots, holder_threads: holderThreads } = page.rows;
    this.roots = roots;
    this.holderThreads = holderThreads;
    this.functions = stacks.names;
    this.files = stacks.files;
    this.up = Int32Array.from([0, ...stacks.up]);
    this.functionOf = Int32Array.from([-1, ...stacks.function]);
    this.samples = Object.fromEntries(Object.entries(samples).map(([key, values]) => [key, Float64Array.from(values)]));
    this.#partSyncWaits();
    this.intervals = intervals;
    this.size = samples.stack.length;
    /// The first row of each name of a lock: the locks of several processes have addresses of their own.
    this.rowOfName = new Map();
    page.tables.lock.rows.lock.forEach((name, row) => !this.rowOfName.has(name) && this.rowOfName.set(name, row));
    /// The row of the only lock, and thread, that counts; -1 for all.
    this.filter = { lock: -1, thread: -1 };
  }

  /// What sync waits took is a measure of its own, and in no other.
  #partSyncWaits() {
    const { samples } = this;
    this.values = samples;
    const part = (key, isOfSync) => samples[key].map((value, index) => (samples.sync[index] >= 0 === isOfSync ? value : 0));
    this.samples = { ...samples, ...Object.fromEntries(COUNTED.map((key) => [key, part(key, false)])), 'sync-wait': part('wait', true) };
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
    const isOpen = (what) => this.filter[what] < 0 || view === what || this.#hasNo(view, what);
    if (isOpen('lock') && isOpen('thread')) return { rows: all, cell: (key, row) => table.rows[key][row], isPart: false };
    const sums = this.sums(view);
    const whole = this.#whole(view);
    const columns = new Map(table.columns.map((column) => [column.key, column]));
    const cell = (key, row) => {
      const found = columns.has(key) ? cellOf(sums.get(row), key, whole) : undefined;
      // What a row is called is not computed.
      return found === undefined ? table.rows[key][row] : found;
    };
    return { rows: all.filter((row) => sums.has(row)), cell, isPart: true };
  }

  /// The sums of the rows of a table, by its row.
  sums(view) {
    const sums = new Map();
    const of = this.values[view];
    for (let index = 0; index < this.size; index += 1) {
      if (of[index] < 0 || !this.#counts(index, view)) continue;
      if (!sums.has(of[index])) sums.set(of[index], emptySum());
      addRow(sums.get(of[index]), this.values, index, this.#names(index));
    }
    return sums;
  }

  /// Whether a row is a part of what a table says under the filter.
  #counts(index, view) {
    const isSync = this.values.sync[index] >= 0;
    return isSync === (view === 'sync') && this.passes(index, isSync ? 'lock' : view);
  }

  #names(index) {
    const { site, lock, root, 'holder-thread': thread } = this.values;
    return {
      site: this.tables.site.rows.site[site[index]] ?? '',
      lock: this.tables.lock.rows.lock[lock[index]] ?? '',
      root: this.roots[root[index]] ?? '',
      thread: this.holderThreads[thread[index]] ?? '',
    };
  }

  /// What the rows of a table are part of under the filter.
  #whole(view) {
    const { wait } = this.values;
    let wait_ns = 0;
    for (let index = 0; index < this.size; index += 1) if (this.#counts(index, view)) wait_ns += wait[index];
    const { thread } = this.filter;
    return { ...this.about, wait_ns, threads_ns: thread < 0 || view === 'thread' ? this.about.threads_ns : this.#threadNs(thread) };
  }

  /// How long the profiles are that have a thread.
  #threadNs(row) {
    const { file, thread } = this.intervals;
    const files = new Set(file.filter((_, index) => thread[index] === row));
    return [...files].reduce((sum, index) => sum + this.about.files[index].duration_ns, 0);
  }

  /// Sync waits are for no lock.
  #hasNo(view, what) {
    return view === 'sync' && what === 'lock';
  }

  /// Percentiles and the like of a lock, or of all, under the filter.
  lengths(lock) {
    // Of all threads the table has them: to sum up fifty thousand rows takes its time.
    if (this.filter.thread < 0) {
      const { rows, total } = this.tables.lock;
      return (key) => (lock < 0 ? total[key] : rows[key]?.[lock]);
    }
    const sum = emptySum();
    for (let index = 0; index < this.size; index += 1) {
      if (this.#counts(index, '') && (lock < 0 || this.values.lock[index] === lock)) addRow(sum, this.values, index, this.#names(index));
    }
    return (key) => cellOf(sum, key, this.about);
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
      if (bucket < 0 || !this.values[events][index] || !this.#counts(index, '')) continue;
      if (lock >= 0 && this.values.lock[index] !== lock) continue;
      const sum = buckets.get(bucket) ?? { bucket, events: 0, time: 0 };
      sum.events += this.values[events][index];
      sum.time += this.values[time][index];
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
