// Sums of rows, and the cells of a table as the report computes them from such sums
// (columns/table.rs).

import { halfWidth, percentile } from './estimates.mjs';

/// Columns of the rows that add up.
const SUMS = ['acquisitions', 'waits', 'wait', 'waited', 'failed', 'holds', 'hold', 'blocked'];
/// Columns of which the largest counts.
const LARGEST = ['wait-max', 'hold-max', 'queue-max'];
/// What is known how sure it is: of how many events, and whether it rests on their lengths.
const ERRORS = {
  acquisitions: { events: (sum) => sum.acquisitions, isOfLengths: false },
  waits: { events: (sum) => sum.waits, isOfLengths: true },
  wait: { events: (sum) => sum.waits + sum.failed, isOfLengths: true, unseen: (sum, whole) => sum.waits * whole.wait_unseen_ns },
  failed: { events: (sum) => sum.failed, isOfLengths: false },
  holds: { events: (sum) => sum.holds, isOfLengths: false },
  hold: { events: (sum) => sum.holds, isOfLengths: true, unseen: (sum, whole) => sum.holds * whole.hold_unseen_ns },
  blocked: { events: (sum) => sum.blocked, isOfLengths: true },
};
/// What is computed from sums.
const COMPUTED = {
  contended: (sum) => ratio(sum.waits, Math.max(sum.acquisitions, sum.waits), 100),
  timeouts: (sum) => sum.failed,
  'failed-wait': (sum) => sum.wait - sum.waited,
  'wait-mean': (sum) => mean(sum.waited, sum.waits),
  'hold-mean': (sum) => mean(sum.hold, sum.holds),
  'wait-max': (sum) => (sum.waits > 0 ? sum['wait-max'] : null),
  'hold-max': (sum) => (sum.holds > 0 ? sum['hold-max'] : null),
  'queue-max': (sum) => sum['queue-max'] || null,
  utilisation: (sum, whole) => ratio(sum.hold, whole.wall_ns, 100),
  bound: (sum, whole) => ratio(sum.wait, whole.threads_ns, 100),
  share: (sum, whole) => ratio(sum.wait, whole.wait_ns, 100),
  blame: (sum, whole) => ratio(sum.blocked, whole.wait_ns, 100),
  'top-wait-site': (sum) => most(sum.names.waitSite),
  'top-hold-site': (sum) => most(sum.names.holdSite),
  'top-lock': (sum) => most(sum.names.lock) ?? most(sum.names.takenLock),
  'root-site': (sum) => most(sum.names.root),
  'holder-thread': (sum) => most(sum.names.thread),
  'waker-thread': (sum) => most(sum.names.thread),
};
for (const kind of ['wait', 'hold']) {
  for (const percent of [50, 90, 99]) COMPUTED[`${kind}-p${percent}`] = (sum) => percentile(sum.lengths[kind].values(), percent);
}

/// Of nothing.
export function emptySum() {
  const sum = Object.fromEntries([...SUMS, ...LARGEST].map((key) => [key, 0]));
  sum.lengths = { wait: new Map(), hold: new Map() };
  sum.powers = Object.fromEntries(Object.keys(ERRORS).map((key) => [key, { squares: 0, cubes: 0, isUnknown: false }]));
  sum.names = { waitSite: new Map(), holdSite: new Map(), lock: new Map(), takenLock: new Map(), root: new Map(), thread: new Map() };
  return sum;
}

/// Adds a row of these values. `names`: its site, its lock, the end of its chain, and the thread
/// it waited for.
export function addRow(sum, values, index, names) {
  const value = (key) => values[key][index];
  for (const key of SUMS) sum[key] += value(key);
  for (const key of LARGEST) sum[key] = Math.max(sum[key], value(key));
  for (const [kind, events] of [['wait', 'waits'], ['hold', 'holds']]) {
    if (value(events) > 0) addLength(sum.lengths[kind], value('bucket'), { events: value(events), min: value(`${kind}-min`), max: value(`${kind}-max`) });
  }
  for (const [key, power] of Object.entries(sum.powers)) {
    const squares = value(`${key}-2`);
    if (squares < 0) power.isUnknown = true;
    else power.squares += squares;
    power.cubes += value(`${key}-3`);
  }
  addName(sum.names.waitSite, names.site, value('wait'));
  addName(sum.names.holdSite, names.site, value('hold'));
  addName(sum.names.lock, names.lock, Math.max(value('wait'), value('blocked')));
  sum.names.takenLock.set(names.lock, (sum.names.takenLock.get(names.lock) ?? 0) + value('acquisitions'));
  addName(sum.names.root, names.root, value('wait'));
  addName(sum.names.thread, names.thread, value('wait'));
}

/// A cell of the row with this sum, `whole` being what it is a part of; `undefined` where sums say
/// nothing about it.
export function cellOf(sum, key, whole) {
  if (key.endsWith('-error')) return errorOf(sum, key.slice(0, -'-error'.length), whole);
  return COMPUTED[key] ? COMPUTED[key](sum, whole) : sum[key];
}

function errorOf(sum, key, whole) {
  const { events, isOfLengths, unseen } = ERRORS[key];
  const half = events(sum) > 0 ? halfWidth(sum.powers[key], isOfLengths) : null;
  if (half === null) return whole.is_exact ? 0 : null;
  return half + (unseen && !whole.is_exact ? unseen(sum, whole) : 0);
}

function addLength(lengths, bucket, { events, min, max }) {
  const sum = lengths.get(bucket) ?? { bucket, events: 0, min, max };
  lengths.set(bucket, { bucket, events: sum.events + events, min: Math.min(sum.min, min), max: Math.max(sum.max, max) });
}

function addName(sums, name, value) {
  if (value > 0) sums.set(name, (sums.get(name) ?? 0) + value);
}

/// The name with the most; of equals, the first from A to Z. An empty one is none.
function most(sums) {
  let best = null;
  for (const [name, value] of sums) {
    if (best === null || value > sums.get(best) || (value === sums.get(best) && name < best)) best = name;
  }
  return best || null;
}

/// Whole nanoseconds, as the report has them.
function mean(time, events) {
  return events > 0 ? Math.floor(time / events) : null;
}

function ratio(part, whole, times) {
  return whole > 0 ? (part / whole) * times : null;
}
