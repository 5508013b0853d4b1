// Sorting and searching of tables, and what is kept in the address.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { format, parse } from '../../src/page/assets/state.mjs';
import { matching, sorted } from '../../src/page/assets/table.mjs';

test('numbers stand from the largest, names from A to Z, and what is unknown at the end', () => {
  const numbers = [3, null, 7, 5];
  assert.deepEqual(sorted([0, 1, 2, 3], (row) => numbers[row], false, false), [2, 3, 0, 1]);
  assert.deepEqual(sorted([0, 1, 2, 3], (row) => numbers[row], false, true), [0, 3, 2, 1]);
  const names = ['b', null, 'a', 'c'];
  assert.deepEqual(sorted([0, 1, 2, 3], (row) => names[row], true, false), [2, 0, 3, 1]);
  assert.deepEqual(sorted([0, 1, 2, 3], (row) => names[row], true, true), [3, 0, 2, 1]);
});

test('equals stay in the order they had', () => {
  assert.deepEqual(sorted([4, 2, 9], () => 1, false, false), [4, 2, 9]);
});

test('a search finds parts of names, whatever their case, and no patterns', () => {
  const names = [['Cache_mu', 'mutex'], ['log (init)', 'mutex'], [null, 'spin']];
  const found = (text) => matching([0, 1, 2], (row) => names[row], text);
  assert.deepEqual(found('cache'), [0]);
  assert.deepEqual(found('MUTEX'), [0, 1]);
  assert.deepEqual(found('(init'), [1]);
  assert.deepEqual(found('.*'), []);
  assert.deepEqual(found('  '), [0, 1, 2]);
});

test('the address keeps what is not as usual, whatever is in it', () => {
  const state = { ...parse(''), tab: 'flame', lock: 'cache+0x208 & #2 <é>' };
  assert.deepEqual(parse(`#${format(state)}`), state);
  assert.equal(format(parse('')), '');
  assert.equal(parse('#unknown=1&tab=edge').tab, 'edge');
  assert.ok(!('unknown' in parse('#unknown=1')));
});
