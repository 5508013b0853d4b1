// What happened when: for each file the share of every lock name, as bars over time.

import { cut, el, svg } from './dom.mjs';
import { colourOf } from './graph.mjs';
import { count, percentOf, plural, share, shown, time } from './units.mjs';

const TIME_WIDTH = 1200;
const TIME_HEIGHT = 260;
const TIME_LEFT = 70;
const TIME_BOTTOM = 40;
const TIME_TOP = 10;
/// Locks with a colour of their own; the others are one.
const MOST_LOCKS = 8;
const OTHERS = -2;

/// Where each interval stands, from 0 to 1: to scale where none overlaps another, else in equal
/// steps in the order of their starts. Intervals are in that order.
export function places(intervals) {
  const begin = intervals[0]?.start_unix_ms ?? 0;
  const spans = intervals.map(({ start_unix_ms, duration_ns }) => [start_unix_ms - begin, start_unix_ms - begin + duration_ns / 1e6]);
  const end = Math.max(...spans.map(([, to]) => to));
  // Profiles begin and end a little beside each other.
  const isInOrder = spans.every(([from, to], index) => to > from && (index === 0 || from >= spans[index - 1][1] - 0.02 * (to - from)));
  if (isInOrder && end > 0) return { isToScale: true, spans: spans.map(([from, to]) => [from / end, to / end]) };
  return { isToScale: false, spans: spans.map((_, index) => [index / spans.length, (index + 1) / spans.length]) };
}

/// The parts of a bar from the bottom: locks in the order of the table, and the others as one.
export function parts(interval) {
  const found = [];
  let others = 0;
  for (const [lock, value] of interval.locks) {
    if (lock >= 0 && lock < MOST_LOCKS) found.push({ lock, value });
    else others += value;
  }
  found.sort((a, b) => a.lock - b.lock);
  if (others > 0) found.push({ lock: OTHERS, value: others });
  return found.filter((part) => part.value > 0);
}

/// The view: bars as high as the value per second, and a table of the intervals.
export function timelineView({ intervals, measure, names, tip, onlock }) {
  const name = (lock) => (lock >= 0 ? names[lock] : 'other locks');
  const seen = new Set(intervals.flatMap((interval) => parts(interval).map((part) => part.lock)));
  const locks = [...seen].sort((a, b) => (a < 0) - (b < 0) || a - b);
  return el('div', {},
    el('p', { class: 'legend' }, locks.map((lock) => el('span', { style: `--of:${colourOf(lock)}` }, cut(name(lock), 40)))),
    el('div', { class: 'wide', role: 'region', 'aria-label': 'Over time', tabindex: 0 }, timePicture({ intervals, measure, name, tip, onlock })),
    timeNumbers(intervals, measure));
}

function timePicture({ intervals, measure, name, tip, onlock }) {
  const { isToScale, spans } = places(intervals);
  const rate = (interval, value) => (interval.duration_ns > 0 ? value / (interval.duration_ns / 1e9) : 0);
  const high = Math.max(...intervals.map((interval) => rate(interval, interval.total)));
  const chart = svg('svg', { class: 'chart', viewBox: `0 0 ${TIME_WIDTH} ${TIME_HEIGHT}`, role: 'img', 'aria-label': `${measure.title} per second in each file: the table below has the numbers` });
  const y = (value) => TIME_HEIGHT - TIME_BOTTOM - (high > 0 ? (value / high) * (TIME_HEIGHT - TIME_BOTTOM - TIME_TOP) : 0);
  for (const part of [0, 0.5, 1]) {
    chart.append(svg('line', { class: 'axis', x1: TIME_LEFT, x2: TIME_WIDTH, y1: y(part * high), y2: y(part * high) }),
      svg('text', { class: 'label', x: TIME_LEFT - 6, y: y(part * high) + 4, 'text-anchor': 'end' }, part * high > 0 ? `${shown(Math.round(part * high), measure.type)}/s` : '0'));
  }
  const every = Math.ceil(intervals.length / 12);
  intervals.forEach((interval, index) => {
    const [from, to] = spans[index].map((at) => TIME_LEFT + 4 + at * (TIME_WIDTH - TIME_LEFT - 8));
    let below = 0;
    for (const { lock, value } of parts(interval)) {
      const [bottom, top] = [y(rate(interval, below)), y(rate(interval, below + value))];
      below += value;
      const text = `${name(lock)}: ${shown(value, measure.type)}, ${share(percentOf(value, interval.total))}\n${started(interval)}, ${time(interval.duration_ns)}`;
      chart.append(svg('rect', { x: from, width: Math.max(to - from - 1.5, 1), y: top, height: bottom - top, fill: colourOf(lock), onmousemove: (event) => tip(text, event), onmouseleave: () => tip(null), onclick: () => lock >= 0 && onlock(lock) }));
    }
    if (index % every === 0) chart.append(svg('text', { class: 'label', x: (from + to) / 2, y: TIME_HEIGHT - TIME_BOTTOM + 16, 'text-anchor': 'middle' }, started(interval)));
  });
  const note = isToScale ? 'time' : 'files in the order of their starts (they overlap in time)';
  chart.append(svg('text', { class: 'label', x: (TIME_LEFT + TIME_WIDTH) / 2, y: TIME_HEIGHT - 6, 'text-anchor': 'middle' }, note));
  return chart;
}

function timeNumbers(intervals, measure) {
  const head = ['start', 'length', measure.title.toLowerCase(), 'per second', 'locks', 'file'];
  const row = (interval) => el('tr', {}, el('th', { scope: 'row' }, started(interval)),
    el('td', {}, time(interval.duration_ns)), el('td', {}, shown(interval.total, measure.type)),
    el('td', {}, interval.duration_ns > 0 ? shown(Math.round(interval.total / (interval.duration_ns / 1e9)), measure.type) : '–'),
    el('td', {}, count([...interval.locks.values()].filter((value) => value > 0).length)), el('td', { class: 'name', title: interval.path }, interval.path));
  return el('div', { class: 'scroll', role: 'region', 'aria-label': 'The intervals', tabindex: 0 }, el('table', {}, el('caption', { class: 'unseen' }, `${plural(intervals.length, 'file', 'files')} over time`),
    el('thead', {}, el('tr', {}, head.map((text) => el('th', { scope: 'col', class: text === 'file' ? 'name' : null }, text)))), el('tbody', {}, intervals.map(row))));
}

/// When an interval began, by the clock of whoever looks at it.
function started({ start_unix_ms }) {
  return new Date(start_unix_ms).toLocaleTimeString('en-GB');
}
