// What the page computes for one thread, or one lock, against what `lockprof report` says of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { Model } from '../../src/page/assets/model.mjs';

const page = readFileSync(process.env.PAGE, 'utf8');
const data = JSON.parse(page.split('id="profile">')[1].split('</script>')[0]);
/// What was asked for (`lock`, `thread`), by what the report is, and its rows.
const reports = JSON.parse(readFileSync(process.env.REPORTS, 'utf8'));

/// Squares and cubes have six digits in the page; shares five behind the point in the report.
const isNear = (ours, theirs) => ours === theirs || (typeof ours === 'number' && typeof theirs === 'number' && Math.abs(ours - theirs) <= Math.max(1e-4 * Math.abs(theirs), 1.001e-3));

function ofPage(of, by) {
  const { columns } = of.tables[by];
  const { rows, cell, isPart } = of.rows(by);
  assert.ok(isPart);
  return rows.map((row) => Object.fromEntries(columns.map(({ key, raw }) => [raw, cell(key, row) ?? null])));
}

/// In an order that both have.
function inOrder(rows, by) {
  const names = data.tables[by].columns.filter(({ key, type }) => (type === 'text' || type === 'id') && !key.startsWith('top-')).map(({ raw }) => raw);
  const nameOf = (row) => JSON.stringify(names.map((name) => row[name] ?? null));
  return [...rows].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

test('tables of one thread or lock say what the report says of it', () => {
  let cells = 0;
  for (const { thread, lock, by, rows } of reports) {
    const of = new Model(data);
    const find = (table, label) => (label === null ? -1 : of.tables[table].labels.indexOf(label));
    of.filter = { lock: find('lock', lock), thread: find('thread', thread) };
    assert.ok(of.filter.lock >= 0 || of.filter.thread >= 0);
    const [ours, theirs] = [inOrder(ofPage(of, by), by), inOrder(rows, by)];
    assert.equal(ours.length, theirs.length, `${by} of ${thread ?? lock}`);
    ours.forEach((row, index) => {
      for (const [key, value] of Object.entries(row)) {
        cells += value === null ? 0 : 1;
        assert.ok(isNear(value, theirs[index][key]), `${by} of ${thread ?? lock}: ${key} is ${value}, ${theirs[index][key]} in the report, of ${JSON.stringify(theirs[index])}`);
      }
    });
  }
  assert.ok(cells > 4_000, `${cells} cells were compared`);
});
