// A table of the report: sorted by any column, searched, and drawn a part at a time.

import { cut, el } from './dom.mjs';
import { error, plural, shown } from './units.mjs';

/// Rows that are drawn at first, and with each press of the button below them.
const PART = 200;
/// Longer names are cut in the middle: long names of C++ differ at their ends.
const NAME_LETTERS = 46;

/// The rows in the order of a column: names from A to Z, numbers from the largest, what is not
/// known at the end; turned round, it still is at the end. Of equals, those first that were.
export function sorted(rows, valueOf, isText, isTurned) {
  const turn = isTurned ? -1 : 1;
  const keyed = rows.map((row) => [row, valueOf(row)]);
  const isKnown = (value) => value !== null && value !== undefined;
  keyed.sort(([, a], [, b]) => {
    if (!isKnown(a) || !isKnown(b)) return isKnown(b) - isKnown(a);
    if (!isText) return turn * (b - a);
    return turn * (a < b ? -1 : Number(a > b));
  });
  return keyed.map(([row]) => row);
}

/// The rows with this text in one of their names.
export function matching(rows, textsOf, text) {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return rows;
  return rows.filter((row) => textsOf(row).some((name) => name !== null && String(name).toLowerCase().includes(wanted)));
}

/// A table. `columns`: `key`, `title`, `help`, `type`, `error` (the key of the column that says
/// how sure this one is), `link` (what to do when a name is pressed). `rows`: anything; `cell`
/// reads one by row and key. `sort`: `key` and `isTurned`; `bar`: the column that has bars;
/// `letters`: of a name at most.
export function table({ caption, columns, rows, cell, sort, bar, search, isChosen, onsort, letters = NAME_LETTERS }) {
  if (rows.length === 0) return el('p', { class: 'empty', role: 'status' }, `${caption}: nothing to show.`);
  const names = columns.filter(isName).map((column) => column.key);
  const found = matching(rows, (row) => names.map((key) => cell(key, row)), search);
  const by = columns.find((column) => column.key === sort.key) ?? columns[0];
  const order = sorted(found, (row) => cell(by.key, row), isName(by), sort.isTurned);
  const largest = rows.reduce((most, row) => Math.max(most, cell(bar, row) ?? 0), 0);
  const body = el('tbody');
  const more = el('button', { type: 'button', class: 'more' });
  const draw = () => {
    const from = body.childElementCount;
    const part = order.slice(from, from + PART);
    body.append(...part.map((row) => line(row, { columns, cell, bar, largest, isChosen, letters })));
    const left = order.length - from - part.length;
    more.hidden = left === 0;
    more.textContent = `Show ${Math.min(left, PART)} more of ${order.length}`;
  };
  more.addEventListener('click', draw);
  draw();
  const head = el('tr', {}, columns.map((column) => heading(column, by, sort, onsort)));
  const text = search.trim() === '' ? plural(rows.length, 'row', 'rows') : `${found.length} of ${plural(rows.length, 'row', 'rows')}`;
  return el('div', {},
    el('div', { class: 'scroll', role: 'region', 'aria-label': caption, tabindex: 0 }, el('table', {}, el('caption', { class: 'unseen' }, caption), el('thead', {}, head), body)),
    el('p', { class: 'soft', role: 'status' }, text),
    more);
}

function heading(column, by, sort, onsort) {
  const isSorted = column.key === by.key;
  const isRising = isName(column) !== Boolean(sort.isTurned);
  const arrow = isRising ? ' ▲' : ' ▼';
  return el('th', {
    scope: 'col',
    class: isName(column) ? 'name' : null,
    title: column.help,
    'aria-sort': isSorted ? (isRising ? 'ascending' : 'descending') : null,
  }, el('button', {
    type: 'button',
    'data-sort': column.key,
    onclick: () => onsort({ key: column.key, isTurned: isSorted && !sort.isTurned }),
  }, column.title, isSorted ? el('span', { 'aria-hidden': 'true' }, arrow) : null));
}

function line(row, { columns, cell, bar, largest, isChosen, letters }) {
  const cells = columns.map((column, index) => {
    const value = cell(column.key, row);
    const tag = index === 0 ? 'th' : 'td';
    if (isName(column)) return name(tag, { ...column, letters }, value, row);
    const half = column.error ? cell(column.error, row) : null;
    const doubt = half === null || half === undefined ? '' : error(half, value);
    const hasBar = column.key === bar && largest > 0;
    return el(tag, {
      scope: index === 0 ? 'row' : null,
      class: hasBar ? 'bar-cell' : null,
      style: hasBar ? `--part:${((value ?? 0) / largest).toFixed(4)}` : null,
    }, shown(value, column.type), doubt && doubt !== 'exact' ? el('small', { title: 'half of the 95% interval' }, doubt) : null);
  });
  return el('tr', { 'aria-current': isChosen?.(row) ? 'true' : null }, cells);
}

function name(tag, column, value, row) {
  const text = shown(value, column.type);
  const short = cut(text, column.letters);
  const isLink = column.link && value !== null;
  const inside = isLink ? el('button', { type: 'button', class: 'link', title: text, 'aria-label': short === text ? null : text, onclick: () => column.link(row) }, short) : short;
  return el(tag, { class: 'name', scope: tag === 'th' ? 'row' : null, title: isLink ? null : text }, inside);
}

function isName(column) {
  return column.type === 'text' || column.type === 'id';
}
