// How long waits and holds of a lock were: how many of each length, and what they took together.

import { el, svg } from './dom.mjs';
import { count, percentOf, share, time } from './units.mjs';

const BARS_WIDTH = 560;
const BARS_HEIGHT = 190;
const BARS_LEFT = 44;
const BARS_RIGHT = 16;
const BARS_BOTTOM = 34;
const BARS_TOP = 8;

/// All powers of two from the first to the last that has something, each with its share of the
/// events and of their time.
export function bars(buckets) {
  if (buckets.length === 0) return [];
  const events = buckets.reduce((sum, bucket) => sum + bucket.events, 0);
  const time_ns = buckets.reduce((sum, bucket) => sum + bucket.time, 0);
  const known = new Map(buckets.map((bucket) => [bucket.bucket, bucket]));
  const found = [];
  for (let bucket = buckets[0].bucket; bucket <= buckets.at(-1).bucket; bucket += 1) {
    const { events: number, time: long } = known.get(bucket) ?? { events: 0, time: 0 };
    found.push({ from: 2 ** bucket, events: number, time: long, eventsShare: percentOf(number, events), timeShare: percentOf(long, time_ns) });
  }
  return found;
}

/// One picture with its title and the numbers below it.
export function histogram(title, buckets, known, tip) {
  const found = bars(buckets);
  const head = el('h2', {}, title);
  if (found.length === 0) return el('section', {}, head, el('p', { class: 'empty' }, 'None were seen.'));
  const facts = known.filter(([, value]) => value !== null && value !== undefined).map(([word, value]) => `${word} ${time(value)}`);
  return el('section', {}, head, el('p', { class: 'soft' }, facts.join(' · ')), barsPicture(title, found, tip), barsNumbers(title, found));
}

/// What the two colours mean.
export function histogramLegend() {
  return el('p', { class: 'legend' },
    el('span', { style: '--of:#8c9bb0' }, 'how many, of all'),
    el('span', { style: '--of:#e07b00' }, 'what they took together, of all time'));
}

function barsPicture(title, found, tip) {
  const step = (BARS_WIDTH - BARS_LEFT - BARS_RIGHT) / found.length;
  const high = Math.max(...found.flatMap((bar) => [bar.eventsShare, bar.timeShare]));
  const scale = (BARS_HEIGHT - BARS_BOTTOM - BARS_TOP) / high;
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${BARS_WIDTH} ${BARS_HEIGHT}`, role: 'img', 'aria-label': `${title}: the table below has the numbers` });
  for (const part of [0, 0.5, 1]) {
    const y = BARS_HEIGHT - BARS_BOTTOM - part * high * scale;
    chart.append(svg('line', { class: 'axis', x1: BARS_LEFT, x2: BARS_WIDTH, y1: y, y2: y }), svg('text', { class: 'label', x: BARS_LEFT - 6, y: y + 4, 'text-anchor': 'end' }, share(part * high)));
  }
  const every = Math.ceil(46 / step);
  found.forEach((bar, index) => {
    const x = BARS_LEFT + index * step;
    const half = Math.min(step * 0.42, 34);
    const show = (event) => tip(`from ${time(bar.from)} to ${time(bar.from * 2)}: ${count(bar.events)} (${share(bar.eventsShare)})\ntogether ${time(bar.time)} (${share(bar.timeShare)})`, event);
    const one = (kind, value, at) => svg('rect', { class: kind, x: at, y: BARS_HEIGHT - BARS_BOTTOM - value * scale, width: half, height: value * scale });
    const middle = x + step / 2;
    chart.append(one('events', bar.eventsShare, middle - half), one('time', bar.timeShare, middle),
      svg('rect', { x, y: BARS_TOP, width: step, height: BARS_HEIGHT - BARS_BOTTOM - BARS_TOP, fill: 'transparent', onmousemove: show, onmouseleave: () => tip(null) }));
    if (index % every === 0) chart.append(svg('text', { class: 'label', x: middle, y: BARS_HEIGHT - BARS_BOTTOM + 16, 'text-anchor': 'middle' }, time(bar.from)));
  });
  return chart;
}

function barsNumbers(title, found) {
  const row = (bar) => el('tr', {}, el('th', { scope: 'row' }, `${time(bar.from)} – ${time(bar.from * 2)}`),
    el('td', {}, count(bar.events)), el('td', {}, share(bar.eventsShare)), el('td', {}, time(bar.time)), el('td', {}, share(bar.timeShare)));
  const head = ['length', 'how many', 'of all', 'together', 'of all'];
  return el('details', {}, el('summary', {}, 'The numbers'),
    el('table', {}, el('caption', { class: 'unseen' }, title), el('thead', {}, el('tr', {}, head.map((text) => el('th', { scope: 'col' }, text)))), el('tbody', {}, found.filter((bar) => bar.events > 0).map(row))));
}
