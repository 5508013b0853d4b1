// Numbers stand in the page as they stand in the report: the cases of render/units.rs.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as units from '../../src/page/assets/units.mjs';

test('counts are written out or have three digits', () => {
  const cases = [[0, '0'], [999, '999'], [1000, '1,000'], [99_999, '99,999'], [100_000, '100k'], [123_456, '123k'],
    [999_499, '999k'], [999_500, '1.00M'], [1_234_567, '1.23M'], [45_678_901, '45.7M'], [999_999_999, '1.00G']];
  for (const [number, text] of cases) assert.equal(units.count(number), text);
});

test('times have three digits and the unit that fits', () => {
  const cases = [[0, '0 ns'], [7, '7 ns'], [999, '999 ns'], [1000, '1.00 µs'], [1234, '1.23 µs'], [12_345, '12.3 µs'],
    [123_456, '123 µs'], [999_499, '999 µs'], [999_500, '1.00 ms'], [99_950_000, '100 ms'], [1.5e9, '1.50 s'],
    [999.4e9, '999 s'], [12_345e9, '12,345 s']];
  for (const [ns, text] of cases) assert.equal(units.time(ns), text);
});

test('shares show what is small and what is more than all', () => {
  const cases = [[0, '0%'], [0.001, '<0.1%'], [0.049, '<0.1%'], [0.05, '0.1%'], [12.345, '12.3%'], [99.949, '99.9%'], [99.95, '100%'], [1234, '1,234%']];
  for (const [percent, text] of cases) assert.equal(units.share(percent), text);
});

test('errors are parts of what they are about', () => {
  const cases = [[0, 7, 'exact'], [0, 0, ''], [1, 0, ''], [1, 1e6, '±0.1%'], [305, 10_000, '±3.1%'], [9899, 1e5, '±9.9%'],
    [99, 1000, '±10%'], [1254, 10_000, '±13%'], [4565, 1000, '±457%'], [10_000, 1, '±1,000%'], [null, 5, '']];
  for (const [half, of, text] of cases) assert.equal(units.error(half, of), text);
});

test('what is not known is a dash', () => {
  assert.equal(units.shown(null, 'time'), '–');
  assert.equal(units.shown(undefined, 'text'), '–');
  assert.equal(units.shown('a', 'text'), 'a');
  assert.equal(units.shown(4711, 'id'), '4711');
});
