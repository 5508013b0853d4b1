// Trees of stacks: sums, roots, callers and callees, and what of them is drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { layout, neighbour, search } from '../../src/page/assets/flame.mjs';
import { Model } from '../../src/page/assets/model.mjs';
import { callTree, frameName, functionTotals, sandwich, Tree } from '../../src/page/assets/tree.mjs';

const NAMES = ['main', 'a', 'b', 'lock', 'again'];
const EMPTY = { labels: [], rows: { lock: [] }, columns: [], total: {} };

/// Nodes: 1 main, 2 main/a, 3 main/a/lock, 4 main/b, 5 main/b/lock, 6 main/b/a, 7 main/b/a/lock,
/// 8 again, 9 again/again.
function model() {
  const samples = {
    stack: [3, 5, 7, 9, 3], lock: [0, 0, 1, 1, 1], thread: [0, 1, 0, 0, 1], edge: [0, 1, 2, -1, 2], root: [-1, 0, -1, -1, -1],
    sync: [-1, -1, -1, -1, -1], site: [0, 1, 0, 2, 0], holder: [-1, -1, -1, -1, -1], bucket: [3, 4, 3, 4, 3],
    wait: [10, 20, 30, 40, 1], waits: [1, 2, 3, 4, 1], waited: [10, 20, 30, 40, 1],
  };
  for (const key of ['acquisitions', 'hold', 'holds', 'blocked']) samples[key] = [0, 0, 0, 0, 0];
  return new Model({
    about: { files: [] },
    tables: {
      lock: { ...EMPTY, labels: ['L0', 'L1'], rows: { lock: ['L0', 'L1'] } },
      thread: { ...EMPTY, labels: ['T0', 'T1'] },
      edge: { ...EMPTY, labels: ['L0', 'L0', 'L1'], rows: { lock: ['L0', 'L0', 'L1'], 'waiter-site': ['a', 'b', 'a'], 'holder-site': ['h', 'h', 'k'] } },
    },
    rows: {
      stacks: { names: NAMES, files: NAMES.map(() => ''), up: [1, 1, 1, 3, 1, 2, 1, 8, 1], function: [0, 1, 3, 2, 3, 1, 3, 4, 4] },
      roots: ['end'], samples, intervals: {},
    },
  });
}

const names = (of) => (frame) => frameName(of, frame);
const paths = (of, tree) => Object.fromEntries(tree.total.map((total, node) => [tree.path(node).map(names(of)).join('/'), total]));

test('each frame has the sum of all that is below it', () => {
  const of = model();
  assert.deepEqual(paths(of, callTree(of, 'wait')), {
    '': 101, main: 61, 'main/a': 11, 'main/a/lock': 11, 'main/b': 50, 'main/b/lock': 20, 'main/b/a': 30, 'main/b/a/lock': 30, again: 40, 'again/again': 40,
  });
});

test('a filter leaves out what is of other locks and threads', () => {
  const of = model();
  of.filter = { lock: 1, thread: 0 };
  assert.equal(of.total('wait'), 70);
  assert.deepEqual(paths(of, callTree(of, 'wait')), { '': 70, main: 30, 'main/b': 30, 'main/b/a': 30, 'main/b/a/lock': 30, again: 40, 'again/again': 40 });
});

test('locks and threads can stand above the stacks', () => {
  const of = model();
  const byLock = paths(of, callTree(of, 'wait', 'lock'));
  assert.equal(byLock.L0, 30);
  assert.equal(byLock.L1, 71);
  assert.equal(byLock['L1/main/a/lock'], 1);
  assert.equal(byLock['L0/main/a/lock'], 10);
  assert.equal(paths(of, callTree(of, 'wait', 'thread')).T1, 21);
});

test('functions count once in a stack, also where they call themselves', () => {
  const of = model();
  const found = Object.fromEntries(functionTotals(of, callTree(of, 'wait')).map(({ name, self, total }) => [name, [self, total]]));
  assert.deepEqual(found, { main: [0, 61], b: [0, 50], lock: [61, 61], a: [0, 41], again: [40, 40] });
});

test('a sandwich has all callers above and all callees below', () => {
  const of = model();
  const { callers, callees } = sandwich(of, 'wait', 1);
  assert.deepEqual(paths(of, callers), { '': 41, a: 41, 'a/main': 11, 'a/b': 30, 'a/b/main': 30 });
  assert.deepEqual(paths(of, callees), { '': 41, a: 41, 'a/lock': 41 });
});

test('children that were met often are one, also many of them', () => {
  const tree = new Tree();
  for (let round = 0; round < 2; round += 1) for (let frame = 0; frame < 5000; frame += 1) assert.equal(tree.child(0, frame), frame + 1);
  assert.equal(tree.parent.length, 5001);
});

test('frames lie below their callers, the largest first, and narrow ones are left out', () => {
  const of = model();
  const tree = callTree(of, 'wait');
  const rects = layout(tree, 0, 101);
  const at = (path) => rects.find((rect) => tree.path(rect.node).map(names(of)).join('/') === path);
  assert.deepEqual([at('main').x, at('main').width, at('again').x], [0, 61, 61]);
  assert.deepEqual([at('main/b').x, at('main/a').x, at('main/b/a').depth], [0, 50, 3]);
  assert.equal(layout(tree, 0, 5).some((rect) => rect.width < 1), false);
  assert.equal(layout(tree, 0, 5).length < rects.length, true);
  const wide = new Tree();
  for (let frame = 0; frame < 100; frame += 1) wide.total[wide.add(0, frame)] = frame === 7 ? 101 : 1;
  wide.sum();
  const drawn = layout(wide, 0, 20);
  assert.deepEqual(drawn.map(({ depth, isRest }) => [depth, isRest ?? false]), [[0, false], [1, false], [1, true]]);
  assert.ok(Math.abs(drawn[2].width - 9.9) < 1e-9, 'the narrow ones as one');
});

test('zooming gives a frame and all above it the whole width', () => {
  const of = model();
  const tree = callTree(of, 'wait');
  const zoom = tree.find([0, 2]);
  const rects = layout(tree, zoom, 100);
  assert.deepEqual(rects.slice(0, 3).map(({ depth, x, width }) => [depth, x, width]), [[0, 0, 100], [1, 0, 100], [2, 0, 100]]);
  assert.equal(rects.length, 6);
  assert.deepEqual(layout(tree, zoom, 100, false).map(({ depth }) => depth), [0, 1, 2, 3, 2]);
});

test('keys walk to callers, callees and neighbours', () => {
  const of = model();
  const tree = callTree(of, 'wait');
  const rects = layout(tree, 0, 1000);
  const walk = (keys) => keys.reduce((node, key) => neighbour(tree, rects, node, key), 0);
  const name = (node) => tree.path(node).map(names(of)).join('/');
  assert.equal(name(walk(['in'])), 'main');
  assert.equal(name(walk(['in', 'right'])), 'again');
  assert.equal(name(walk(['in', 'in', 'right'])), 'main/a');
  assert.equal(name(walk(['in', 'in', 'out', 'out', 'out'])), '');
});

test('a search says what share is below the names it finds, each stack once', () => {
  const of = model();
  const tree = callTree(of, 'wait');
  assert.equal(search(tree, names(of), 'AGAIN').share, 40 / 101);
  assert.equal(search(tree, names(of), 'a').share, 1, 'main and again');
  assert.equal(search(tree, names(of), 'nothing').share, 0);
});

test('edges of one pair of places add up, with the ends of their chains', () => {
  const of = model();
  const edges = of.edges();
  assert.deepEqual(edges.map(({ waiter, holder, lock, wait }) => [waiter, holder, lock, wait]), [['a', 'k', 'L1', 31], ['b', 'h', 'L0', 20], ['a', 'h', 'L0', 10]]);
  assert.deepEqual([...edges[1].roots], [['end', 20]]);
});
