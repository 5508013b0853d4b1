// Who waits for whom: bands from where was waited to where the lock was released, as wide as
// the waiting, and on to the end of the chain where that holder had itself waited.

import { cut, el, svg } from './dom.mjs';
import { percentOf, plural, share, time } from './units.mjs';

const GRAPH_WIDTH = 1200;
const NODE_PX = 12;
const GAP_PX = 14;
const HEAD_PX = 30;
const COLUMN_LETTERS = 36;
/// How high all bands together are, and how high one may be: a single one is no wall of colour.
const BANDS_PX = 420;
const BAND_PX = 120;
/// More bands than this say less.
export const MOST_EDGES = 30;
const UNKNOWN = '[unknown]';
const COLOURS = ['#3b82d6', '#e07b00', '#2f9e63', '#b455c9', '#d6455d', '#8a7a1f', '#1c9ba8', '#8b6fe0'];
const REST = '#8c96a1';

/// The colour of a lock: the first few have their own.
export function colourOf(row) {
  return row >= 0 && row < COLOURS.length ? COLOURS[row] : REST;
}

/// Where everything stands: nodes by column (`waiter`, `holder`, `root`) and bands between them.
export function layoutEdges(edges) {
  const bands = [];
  const columns = [new Map(), new Map(), new Map()];
  const node = (column, name) => {
    if (!columns[column].has(name)) columns[column].set(name, { column, name, in: 0, out: 0 });
    return columns[column].get(name);
  };
  const band = (from, to, of) => {
    from.out += of.wait;
    to.in += of.wait;
    bands.push({ from, to, ...of });
  };
  for (const edge of edges) {
    const holder = node(1, edge.holder ?? UNKNOWN);
    band(node(0, edge.waiter), holder, { edge, wait: edge.wait, isChain: false });
    for (const [name, wait] of edge.roots) if (wait > 0) band(holder, node(2, name), { edge, wait, isChain: true });
  }
  const total = edges.reduce((sum, edge) => sum + edge.wait, 0);
  const widest = edges.reduce((most, edge) => Math.max(most, edge.wait), 0);
  const scale = total > 0 ? Math.min(BANDS_PX / total, BAND_PX / widest) : 0;
  let height = 0;
  columns.forEach((column, index) => {
    height = Math.max(height, stack([...column.values()], index, bands, scale));
  });
  lay(bands, scale);
  return { nodes: columns.flatMap((column) => [...column.values()]), bands, height: HEAD_PX + height };
}

/// Puts the nodes of a column below each other: the largest first on the left, behind that by
/// where their bands come from, so that few of them cross.
function stack(nodes, column, bands, scale) {
  const middle = (node) => {
    const into = bands.filter((band) => band.to === node);
    const sum = into.reduce((total, band) => total + band.wait, 0);
    return into.reduce((total, band) => total + band.wait * (band.from.y + band.from.height / 2), 0) / sum;
  };
  const order = new Map(nodes.map((node) => [node, column === 0 ? -node.out : middle(node)]));
  nodes.sort((a, b) => order.get(a) - order.get(b) || (a.name < b.name ? -1 : 1));
  let y = HEAD_PX;
  for (const node of nodes) {
    node.y = y;
    node.height = Math.max(Math.max(node.in, node.out) * scale, 2);
    y += Math.max(node.height, 12) + GAP_PX;
  }
  return y - HEAD_PX;
}

/// Gives each band its place at both ends, in the order of what is at the other.
function lay(bands, scale) {
  const at = (key) => (node) => {
    const other = key === 'from' ? 'to' : 'from';
    const own = bands.filter((band) => band[key] === node).sort((a, b) => a[other].y - b[other].y);
    let y = node.y;
    for (const band of own) {
      band[`${key}Y`] = y;
      y += band.wait * scale;
    }
  };
  new Set(bands.map((band) => band.from)).forEach(at('from'));
  new Set(bands.map((band) => band.to)).forEach(at('to'));
  for (const band of bands) band.height = Math.max(band.wait * scale, 1);
}

/// The picture. `total` is all waiting, `colour` that of the lock of an edge; `onlock` is told of a press.
export function graphView({ edges, total, colour, search, onlock, tip }) {
  const shownEdges = edges.filter((edge) => edge.wait > 0).slice(0, MOST_EDGES);
  if (shownEdges.length === 0) return el('p', { class: 'empty' }, 'Nobody waited for a lock here.');
  const { nodes, bands, height } = layoutEdges(shownEdges);
  const hasChains = bands.some((band) => band.isChain);
  const x = hasChains ? [0, 520, 990] : [0, 800, 1200];
  const picture = svg('svg', { class: 'graph', viewBox: `0 0 ${GRAPH_WIDTH} ${Math.ceil(height)}`, role: 'img', 'aria-label': described(shownEdges, total) });
  const heads = ['waited in', 'for what was released in', 'which had itself waited for'];
  picture.append(...heads.slice(0, hasChains ? 3 : 2).map((head, column) => svg('text', { x: textX(x, column), y: 14, class: 'head' }, head)));
  const wanted = search.trim().toLowerCase();
  const isFaint = ({ edge }) => wanted !== '' && ![edge.waiter, edge.holder, edge.lock, ...edge.roots.keys()].some((name) => (name ?? '').toLowerCase().includes(wanted));
  bands.forEach((band) => picture.append(drawn(band, x, { stroke: colour(band.edge), isFaint: isFaint(band), onlock, tip, total })));
  picture.append(...nodes.flatMap((node) => named(node, x, total)), ...bands.filter((band) => !band.isChain).flatMap((band) => lockName(band, x)));
  const left = edges.length - shownEdges.length;
  return el('div', {}, el('div', { class: 'wide', role: 'region', 'aria-label': 'Who waits for whom', tabindex: 0 }, picture), left > 0 ? el('p', { class: 'soft' }, `${plural(left, 'smaller band is', 'smaller bands are')} not drawn; the table below has all.`) : null);
}

function drawn(band, x, { stroke, isFaint, onlock, tip, total }) {
  const [left, right] = [x[band.from.column] + NODE_PX, x[band.to.column]];
  const [a, b] = [band.fromY + band.height / 2, band.toY + band.height / 2];
  const bend = (right - left) / 2;
  const { edge } = band;
  const text = band.isChain
    ? `${edge.holder} had itself waited for ${band.to.name}\nmeanwhile ${edge.waiter} waited ${time(band.wait)} for ${edge.lock}`
    : `${edge.waiter} waited ${time(edge.wait)} for ${edge.lock}, ${share(percentOf(edge.wait, total))} of all, in ${plural(edge.waits, 'wait', 'waits')}\nreleased in ${edge.holder ?? UNKNOWN}`;
  return svg('path', {
    class: `edge${band.isChain ? ' chain' : ''}${isFaint ? ' faint' : ''}`,
    d: `M${left},${a.toFixed(1)} C${left + bend},${a.toFixed(1)} ${right - bend},${b.toFixed(1)} ${right},${b.toFixed(1)}`,
    stroke,
    'stroke-width': Math.max(band.height, 1.5).toFixed(1),
    onmousemove: (event) => tip(text, event),
    onmouseleave: () => tip(null),
    onclick: () => onlock(edge),
  });
}

function named(node, x, total) {
  const value = Math.max(node.in, node.out);
  const y = node.y + Math.min(node.height / 2, 40) + 4;
  return [
    svg('rect', { class: 'node', x: x[node.column] - (x[node.column] === GRAPH_WIDTH ? NODE_PX : 0), y: node.y, width: NODE_PX, height: node.height }),
    svg('text', { x: textX(x, node.column), y, 'text-anchor': x[node.column] === GRAPH_WIDTH ? 'end' : 'start' },
      svg('title', {}, node.name), `${cut(node.name, COLUMN_LETTERS)} · ${time(value)} · ${share(percentOf(value, total))}`),
  ];
}

/// Beside the node; in the last column of two, before it.
function textX(x, column) {
  return x[column] === GRAPH_WIDTH ? GRAPH_WIDTH - NODE_PX - 6 : x[column] + NODE_PX + 6;
}

/// The lock stands on its band where that has room.
function lockName(band, x) {
  if (band.height < 14) return [];
  const middle = (x[0] + NODE_PX + x[1]) / 2 + 60;
  const y = (band.fromY + band.toY + band.height) / 2 + 4;
  return [svg('text', { x: middle, y, 'text-anchor': 'middle', 'pointer-events': 'none' }, cut(band.edge.lock, 28))];
}

function described(edges, total) {
  const most = edges.slice(0, 3).map((edge) => `${edge.waiter} waited ${time(edge.wait)} for ${edge.lock}, released in ${edge.holder ?? UNKNOWN}`);
  return `Who waits for whom, ${time(total)} in all: ${most.join('; ')}. The table below says it all.`;
}
