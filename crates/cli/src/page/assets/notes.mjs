// What is said in words: the lines above the views, what to do, and what the files say of themselves.

import { el } from './dom.mjs';
import { error, percentOf, plural, share, time } from './units.mjs';

/// How much was lost waiting, in one line.
export function summary({ about, tables }) {
  const { total, labels } = tables.lock;
  const doubt = error(total['wait-error'], total.wait);
  const loss = about.threads_ns > 0 ? `${plural(about.threads, 'thread', 'threads')} waited for locks ${share(percentOf(about.wait_ns, about.threads_ns))} of ${about.threads === 1 ? 'its' : 'their'} time` : '';
  return [
    el('b', {}, loss || 'No time was measured'),
    `: ${total.waits > 0 ? `${time(total.wait)}${doubt && doubt !== 'exact' ? ` ${doubt}` : ''} in ${plural(total.waits, 'wait', 'waits')}` : 'no wait'}, of ${plural(total.acquisitions, 'acquisition', 'acquisitions')} of ${plural(labels.length, 'lock', 'locks')}, in ${time(about.wall_ns)}`,
  ];
}

/// Which files, in a few words.
export function source({ files }) {
  if (files.length === 0) return 'no profile';
  const base = files[0].path.replace(/^.*\//, '');
  const began = new Date(files[0].start_unix_ms).toLocaleString('en-GB');
  return files.length === 1 ? `${base} · ${began}` : `${base} and ${plural(files.length - 1, 'more file', 'more files')}`;
}

/// Hints on what to do, as the report has them.
export function hints({ hints: texts }) {
  if (texts.length === 0) return null;
  const lines = texts.map((text) => el('p', { class: 'hint' }, text));
  return el('details', { class: 'hints', open: texts.length <= 3 }, el('summary', {}, plural(texts.length, 'hint on what to do', 'hints on what to do')), lines);
}

/// Everything that is known about the files, and how to use the page.
export function notesView({ about }) {
  const keys = [['/', 'search'], ['← →', 'between the tabs, when one has the focus'], ['↑ ↓ ← →', 'move in a flame graph'], ['Enter', 'zooms into a frame'], ['Escape', 'one step out, or away from the search'], ['double click', 'a frame: its callers and callees']];
  return el('div', {},
    el('h2', {}, 'Keys'),
    el('ul', {}, keys.map(([key, meaning]) => el('li', {}, el('kbd', {}, key), ` ${meaning}`))),
    check(about),
    about.files.map((file) => el('section', {}, el('h2', {}, file.path), el('pre', {}, file.comments.join('\n')))),
    el('p', { class: 'soft' }, `Made by lockprof ${about.lockprof}. Numbers are estimates for the whole program; ± is half of the 95% interval.`));
}

function check({ check: both }) {
  if (!both) return null;
  const off = both.estimated_wait_ns - both.exact_wait_ns;
  const sign = off < 0 ? '−' : '+';
  return el('div', {}, el('h2', {}, 'Check'),
    el('p', {}, `${time(both.estimated_wait_ns)} of waiting estimated from the samples, ${time(both.exact_wait_ns)} counted: ${sign}${share(percentOf(Math.abs(off), both.exact_wait_ns))}.`));
}
