// The views behind the tabs: each is made anew when what it shows has changed.

import { el } from './dom.mjs';
import { colourOf, graphView } from './graph.mjs';
import { histogram, histogramLegend } from './histogram.mjs';
import { Icicle } from './icicle.mjs';
import { hints, notesView } from './notes.mjs';
import { sandwichView } from './sandwich.mjs';
import { table } from './table.mjs';
import { timelineView } from './timeline.mjs';
import { callTree, frameName, functionTotals } from './tree.mjs';
import { share } from './units.mjs';

/// Locks that have a histogram at once when none is chosen.
const MOST_HISTOGRAMS = 5;
/// Columns of pictures' values in tables.
const BARS = { lock: 'wait', site: 'wait', thread: 'wait', edge: 'wait', holder: 'blocked', sync: 'wait' };
const CAPTIONS = {
  lock: 'Locks', site: 'Places in the code that took or released locks', thread: 'Threads',
  edge: 'Who waited where, for what, and where that was released', holder: 'Places that released locks, and the waiting they caused', sync: 'Waiting that is not for a lock',
};

/// The tabs of these profiles.
export function tabs(model) {
  const has = (view) => model.tables[view].labels.length > 0;
  return [
    { key: 'lock', title: 'Locks', make: (app) => tableView(app, 'lock') },
    { key: 'flame', title: 'Flame graph', make: flameView },
    { key: 'functions', title: 'Functions', make: functionsView },
    { key: 'edge', title: 'Who waits for whom', make: edgeView },
    { key: 'histogram', title: 'Histograms', make: histogramView },
    model.about.files.length > 1 ? { key: 'timeline', title: 'Timeline', make: timeView } : null,
    { key: 'site', title: 'Places', make: (app) => tableView(app, 'site') },
    { key: 'holder', title: 'Holders', make: (app) => tableView(app, 'holder') },
    { key: 'thread', title: 'Threads', make: (app) => tableView(app, 'thread') },
    has('sync') ? { key: 'sync', title: 'Sync waits', make: (app) => tableView(app, 'sync') } : null,
    { key: 'notes', title: 'About', make: ({ model: of }) => notesView(of) },
  ].filter(Boolean);
}

function tableView(app, view) {
  const { model, state } = app;
  const { rows, cell, isPart } = model.rows(view);
  const of = model.tables[view];
  // Locks of one name are told apart by their addresses.
  const labelled = (key, row) => (key === 'lock' ? of.labels[row] : cell(key, row));
  const hasAll = state.all !== '';
  const columns = columnsOf(of, { hasAll, rows, cell }).map((column) => ({ ...column, link: link(app, view, column.key) }));
  const [key, turned] = (state.sort.startsWith(`${view}:`) ? state.sort.slice(view.length + 1) : of.sort).split('!');
  const bar = columns.some((column) => column.key === app.measure.key) ? app.measure.key : BARS[view];
  const drawn = table({
    caption: CAPTIONS[view], columns, rows, search: state.search, bar,
    cell: view === 'lock' || view === 'edge' ? labelled : cell,
    sort: { key, isTurned: turned !== undefined },
    isChosen: (row) => model.filter[view] === row,
    onsort: (sort) => app.set({ sort: `${view}:${sort.key}${sort.isTurned ? '!' : ''}` }, { focus: `[data-sort="${sort.key}"]` }),
  });
  return el('div', {},
    view === 'lock' ? hints(model.about) : null,
    rows.length === 0 ? null : el('p', { class: 'tools' },
      toggle('All columns', hasAll, (isOn) => app.set({ all: isOn ? '1' : '' }, { focus: '#panel input' })),
      isPart ? 'Numbers are those of what is chosen above.' : null),
    drawn);
}

/// The columns to show: those of the report for people, or all; errors stand beside what they are about.
function columnsOf({ columns }, { hasAll, rows, cell }) {
  const isShown = ({ key, shown: when }) => hasAll || when === 'always' || (when === 'if-any' && rows.some((row) => cell(key, row)));
  return columns.filter((column) => column.type !== 'error' && isShown(column)).map((column) => {
    const doubt = `${column.key}-error`;
    return { ...column, error: columns.some((other) => other.key === doubt) ? doubt : null };
  });
}

/// What pressing a name does: locks and threads are chosen, places shown with their callers.
function link(app, view, key) {
  const { model } = app;
  if ((view === 'lock' || view === 'thread') && key === view) {
    return (row) => app.set({ [view]: model.filter[view] === row ? '' : model.tables[view].labels[row] });
  }
  if (view === 'edge' && key === 'lock') return (row) => app.set({ lock: model.tables.edge.labels[row] });
  if (view === 'site' || view === 'holder') {
    if (key !== 'site') return null;
    return (row) => app.set({ tab: 'functions', function: model.tables[view].rows.function[row], ...(view === 'holder' ? { value: 'blocked' } : {}) });
  }
  return null;
}

function flameView(app) {
  const { model, state, measure } = app;
  const tree = app.tree(state.roots);
  if (tree.total[0] === 0) return nothing(measure);
  const functions = model.functions.length;
  const locks = model.tables.lock.labels.length;
  const picture = new Icicle({
    tree, type: measure.type, isFlipped: state.flip !== '', tip: app.tip, say: app.say,
    label: `${measure.title} by stack. Arrow keys move, Enter zooms, Escape goes back. The tab Functions has the same as a table.`,
    names: (frame) => frameName(model, frame),
    kind: (frame) => (frame < functions ? 0 : frame < functions + locks ? 1 : 2),
    zoom: state.zoom === '' ? [] : state.zoom.split('.').map(Number),
    onzoom: (path) => app.keep({ zoom: path.join('.') }),
    onpick: (frame) => frame >= 0 && frame < functions && app.set({ tab: 'functions', function: model.functions[frame] }),
  });
  const found = el('span', { id: 'found', role: 'status' });
  app.onsearch = () => {
    const part = picture.search(app.state.search);
    found.textContent = app.state.search.trim() === '' ? '' : `${share(part * 100)} is below what was searched for`;
  };
  app.onsearch();
  app.onkey = (key) => key === 'Escape' && picture.zoom > 0 && picture.zoomTo(0);
  const choice = el('select', { id: 'roots', onchange: (event) => app.set({ roots: event.target.value, zoom: '' }, { focus: '#roots' }) },
    [['', 'nothing else'], ['lock', 'locks'], ['thread', 'threads']].map(([value, text]) => el('option', { value, selected: value === state.roots }, text)));
  return el('div', {},
    el('p', { class: 'tools' },
      el('label', {}, 'Above the stacks: ', choice),
      toggle('Root at the bottom', state.flip !== '', (isOn) => app.set({ flip: isOn ? '1' : '' }, { focus: '#panel input' })),
      el('button', { type: 'button', id: 'unzoom', onclick: () => picture.zoomTo(0) }, 'Zoom out'), found),
    picture.canvas);
}

function functionsView(app) {
  const { model, state, measure } = app;
  const tree = app.tree('');
  if (tree.total[0] === 0) return nothing(measure);
  const functions = app.functions();
  const [key, turned] = (state.sort.startsWith('functions:') ? state.sort.slice(10) : 'total').split('!');
  return sandwichView({
    model, measure, functions, whole: tree.total[0], search: state.search, tip: app.tip, say: app.say,
    chosen: functions.find((found) => found.name === state.function)?.id ?? -1,
    sort: { key, isTurned: turned !== undefined },
    onsort: (sort) => app.set({ sort: `functions:${sort.key}${sort.isTurned ? '!' : ''}` }, { focus: `[data-sort="${sort.key}"]` }),
    onchoose: (id) => app.set({ function: model.functions[id] }),
  });
}

function edgeView(app) {
  const { model, state } = app;
  const picture = graphView({
    edges: model.edges(), total: model.total('wait'), search: state.search, tip: app.tip,
    colour: (edge) => colourOf(model.rowOfName.get(edge.lock) ?? -1),
    onlock: (edge) => app.set({ lock: model.tables.lock.labels[model.rowOfName.get(edge.lock)] ?? '' }),
  });
  const hasRows = model.rows('edge').rows.length > 0;
  return el('div', {}, picture, hasRows ? [el('h2', {}, 'As a table'), tableView(app, 'edge')] : null);
}

function histogramView(app) {
  const { model } = app;
  const { labels } = model.tables.lock;
  const { lock } = model.filter;
  if (labels.length === 0) return nothing(app.measure);
  const rows = lock >= 0 ? [lock] : labels.map((_, row) => row).slice(0, MOST_HISTOGRAMS);
  const section = (row) => {
    const lengths = model.lengths(row);
    const known = (kind) => ['mean', 'p50', 'p90', 'p99', 'max'].map((word) => [word, lengths(`${kind}-${word}`)]);
    const name = row < 0 ? 'all locks' : labels[row];
    return el('div', { class: 'pair' },
      histogram(`Waits for ${name}`, model.histogram('wait', row), known('wait'), app.tip),
      histogram(`Holds of ${name}`, model.histogram('hold', row), known('hold'), app.tip));
  };
  const isShort = lock < 0 && labels.length > rows.length;
  return el('div', {}, histogramLegend(), lock < 0 && labels.length > 1 ? section(-1) : null, rows.map(section),
    isShort ? el('p', { class: 'soft' }, `These are the ${rows.length} locks most waited for; choose another above.`) : null);
}

function timeView(app) {
  const { model, measure } = app;
  if (measure.key === 'sync-wait') return el('p', { class: 'empty' }, 'The timeline knows locks only: choose another value.');
  const { labels, rows } = model.tables.lock;
  return timelineView({ intervals: model.timeline(measure.key), measure, names: rows.lock, tip: app.tip, onlock: (lock) => app.set({ lock: labels[lock] }) });
}

function nothing(measure) {
  return el('p', { class: 'empty' }, `Nothing to show: no ${measure.title.toLowerCase()} of what is chosen.`);
}

function toggle(text, isOn, then) {
  return el('label', {}, el('input', { type: 'checkbox', checked: isOn, onchange: (event) => then(event.target.checked) }), text);
}

/// Trees of what is chosen, made when somebody asks and kept until something else is chosen.
export function treesOf(model, measure) {
  const trees = new Map();
  let functions = null;
  const tree = (roots) => {
    if (!trees.has(roots)) trees.set(roots, callTree(model, measure.key, roots));
    return trees.get(roots);
  };
  return { tree, functions: () => (functions ??= functionTotals(model, tree(''))) };
}
