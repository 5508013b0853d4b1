// Where bands, bars and intervals stand.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { layoutEdges } from '../../src/page/assets/graph.mjs';
import { bars } from '../../src/page/assets/histogram.mjs';
import { parts, places } from '../../src/page/assets/timeline.mjs';

const edge = (waiter, holder, wait, roots = []) => ({ waiter, holder, lock: 'l', wait, waits: 1, roots: new Map(roots) });

test('bands are as wide as the waiting and fill their places without overlapping', () => {
  const { nodes, bands } = layoutEdges([edge('a', 'h', 60), edge('b', 'h', 30), edge('a', 'k', 10, [['z', 10]])]);
  assert.deepEqual(nodes.map(({ column, name }) => `${column}${name}`).sort(), ['0a', '0b', '1h', '1k', '2z']);
  const [first, second, third, chain] = bands;
  assert.ok(Math.abs(first.height / second.height - 2) < 1e-9);
  assert.deepEqual([third.isChain, chain.isChain], [false, true]);
  for (const node of nodes) {
    for (const [end, y] of [['from', 'fromY'], ['to', 'toY']]) {
      const own = bands.filter((band) => band[end] === node).sort((a, b) => a[y] - b[y]);
      own.forEach((band, index) => index > 0 && assert.ok(band[y] >= own[index - 1][y] + own[index - 1].height - 1e-9));
    }
  }
});

test('nodes of a column stand below each other', () => {
  const { nodes, height } = layoutEdges(Array.from({ length: 20 }, (_, index) => edge(`w${index}`, 'h', 20 - index)));
  const column = nodes.filter((node) => node.column === 0);
  column.forEach((node, index) => index > 0 && assert.ok(node.y >= column[index - 1].y + column[index - 1].height));
  assert.ok(column.at(-1).y + column.at(-1).height <= height);
  assert.equal(column[0].name, 'w0', 'the largest is first');
});

test('histograms have a bar for every power of two between the first and the last', () => {
  const found = bars([{ bucket: 3, events: 3, time: 30 }, { bucket: 5, events: 1, time: 70 }]);
  assert.deepEqual(found.map((bar) => bar.from), [8, 16, 32]);
  assert.deepEqual(found.map((bar) => [bar.eventsShare, bar.timeShare]), [[75, 30], [0, 0], [25, 70]]);
  assert.deepEqual(bars([]), []);
});

test('intervals stand to scale where none overlaps another, else in their order', () => {
  const interval = (start_unix_ms, seconds) => ({ start_unix_ms, duration_ns: seconds * 1e9 });
  const behind = places([interval(1000, 1), interval(2000, 1), interval(4000, 1)]);
  assert.equal(behind.isToScale, true);
  assert.deepEqual(behind.spans, [[0, 0.25], [0.25, 0.5], [0.75, 1]]);
  const beside = places([interval(1000, 10), interval(2000, 10)]);
  assert.equal(beside.isToScale, false);
  assert.deepEqual(beside.spans, [[0, 0.5], [0.5, 1]]);
  assert.equal(places([interval(0, 0)]).isToScale, false);
});

test('bars have the locks in the order of the table, and the many others as one', () => {
  const locks = new Map([[9, 5], [1, 2], [12, 6], [0, 1], [-1, 1], [3, 0]]);
  assert.deepEqual(parts({ locks }), [{ lock: 0, value: 1 }, { lock: 1, value: 2 }, { lock: -2, value: 12 }]);
});
