// Functions: how much is in each and below it, who called the chosen one, and whom it called.

import { el } from './dom.mjs';
import { Icicle } from './icicle.mjs';
import { table } from './table.mjs';
import { frameName, sandwich } from './tree.mjs';
import { percentOf, share, shown } from './units.mjs';

/// Names share the window with pictures.
const LETTERS_BESIDE = 36;

/// The view. `functions` are those of `functionTotals`, `chosen` is the number of one or -1.
export function sandwichView({ model, measure, functions, whole, chosen, sort, search, onsort, onchoose, tip, say }) {
  const columns = [
    { key: 'name', title: 'function', type: 'text', help: 'function', link: (found) => onchoose(found.id) },
    { key: 'self', title: 'self', type: measure.type, help: `${measure.help}: in this function itself` },
    { key: 'self-share', title: 'of all', type: 'share', help: 'its share' },
    { key: 'total', title: 'total', type: measure.type, help: `${measure.help}: in this function and in what it called` },
    { key: 'total-share', title: 'of all', type: 'share', help: 'its share' },
  ];
  const cell = (key, found) => {
    if (key === 'name') return found.name;
    if (key.endsWith('-share')) return percentOf(found[key.slice(0, -6)], whole);
    return found[key];
  };
  const list = table({
    letters: LETTERS_BESIDE,
    caption: `Functions by ${measure.title.toLowerCase()}`, columns, rows: functions, cell, sort, bar: 'total', search, onsort, isChosen: (found) => found.id === chosen,
  });
  const focus = functions.find((found) => found.id === chosen);
  return el('div', { class: 'split' }, list, focus ? pictures({ model, measure, focus, whole, onchoose, tip, say }) : el('p', { class: 'empty' }, 'Choose a function to see who called it, and whom it called.'));
}

function pictures({ model, measure, focus, whole, onchoose, tip, say }) {
  const { callers, callees } = sandwich(model, measure.key, focus.id);
  const picture = (tree, isFlipped, label) => new Icicle({
    tree, isFlipped, hasRoot: false, label, tip, say, type: measure.type, names: (frame) => frameName(model, frame), kind: () => 0, onpick: (frame) => frame >= 0 && onchoose(frame),
    // Everything in it goes through the function: that is its first row.
    zoom: [focus.id],
  }).canvas;
  return el('section', { 'aria-label': focus.name },
    el('h2', {}, focus.name),
    el('p', { class: 'soft' }, [model.files[focus.id], `${shown(focus.self, measure.type)} self, ${shown(focus.total, measure.type)} total, ${share(percentOf(focus.total, whole))} of all`].filter(Boolean).join(' · ')),
    el('h2', {}, 'Callers'),
    picture(callers, true, `Who called ${focus.name}. Arrow keys move, Enter zooms, Escape goes back.`),
    el('h2', {}, 'Callees'),
    picture(callees, false, `Whom ${focus.name} called. Arrow keys move, Enter zooms, Escape goes back.`));
}
