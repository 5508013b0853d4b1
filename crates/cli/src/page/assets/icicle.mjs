// A tree of frames drawn on a canvas: pointed at, zoomed into and walked through with keys.

import { cut, el, visible } from './dom.mjs';
import { layout, neighbour, search } from './flame.mjs';
import { percentOf, share, shown } from './units.mjs';

const ROW_PX = 19;
const LETTER_PX = 6.65;
const KEYS = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };

/// The picture. `names` names frames, `kind` is 0 for functions and more for locks and threads;
/// `isFlipped`: the root is at the bottom; `hasRoot`: it is drawn; `zoom`: a path; `onzoom` is told of another; `onpick`
/// of a frame that was pressed twice.
export class Icicle {
  constructor({ tree, names, kind, type, label, isFlipped, hasRoot = true, zoom, onzoom, onpick, tip, say }) {
    Object.assign(this, { tree, names, kind, type, isFlipped, hasRoot, onzoom, onpick, tip, say });
    this.zoom = tree.find(zoom ?? []);
    this.focus = this.zoom;
    this.found = null;
    this.canvas = el('canvas', { tabindex: 0, role: 'application', 'aria-roledescription': 'flame graph', 'aria-label': label });
    this.canvas.addEventListener('mousemove', (event) => this.#point(event));
    this.canvas.addEventListener('mouseleave', () => tip(null));
    this.canvas.addEventListener('click', (event) => this.#press(event));
    this.canvas.addEventListener('dblclick', (event) => this.onpick?.(tree.frame[this.#at(event)?.node ?? 0]));
    this.canvas.addEventListener('keydown', (event) => this.#key(event));
    this.canvas.addEventListener('focus', () => this.#tell());
    new ResizeObserver(() => this.draw()).observe(this.canvas);
  }

  /// Marks what has this text in its name and returns its share of everything.
  search(text) {
    this.found = text.trim() === '' ? null : search(this.tree, this.names, text.trim());
    this.draw();
    return this.found?.share ?? 0;
  }

  /// Shows a node and all below it over the whole width.
  zoomTo(node) {
    this.zoom = node;
    this.focus = node;
    this.draw();
    this.onzoom?.(this.tree.path(node));
    this.#tell();
  }

  /// Draws it at the width the page has for it.
  draw() {
    const width = this.canvas.clientWidth;
    if (width === 0) return;
    this.rects = layout(this.tree, this.zoom, width, this.hasRoot);
    this.rows = this.rects.reduce((most, rect) => Math.max(most, rect.depth), 0) + 1;
    const height = this.rows * ROW_PX;
    const dense = window.devicePixelRatio || 1;
    this.canvas.style.height = `${height}px`;
    this.canvas.width = Math.round(width * dense);
    this.canvas.height = Math.round(height * dense);
    // What tests count: drawing less is how a large profile stays quick.
    this.canvas.dataset.drawn = String(this.rects.length);
    const context = this.canvas.getContext('2d');
    context.scale(dense, dense);
    context.font = '11px ui-monospace, "DejaVu Sans Mono", monospace';
    context.textBaseline = 'middle';
    const isDark = document.documentElement.dataset.theme === 'dark';
    for (const rect of this.rects) this.#rect(context, rect, isDark);
  }

  #rect(context, rect, isDark) {
    const { node, depth, x, width, isAbove } = rect;
    const y = this.#top(depth);
    if (rect.isRest) {
      context.fillStyle = isDark ? '#2a3138' : '#e3e6ea';
      context.fillRect(x, y, Math.max(width - 0.6, 0.6), ROW_PX - 1);
      return;
    }
    const frame = this.tree.frame[node];
    const isMatch = this.found?.isMatch(frame);
    context.globalAlpha = isAbove ? 0.55 : 1;
    context.fillStyle = colour({ frame, name: this.names(frame), kind: this.kind(frame), isDark, isMatch, isFaint: this.found && !isMatch });
    context.fillRect(x, y, Math.max(width - 0.6, 0.6), ROW_PX - 1);
    context.globalAlpha = 1;
    const letters = Math.floor((width - 6) / LETTER_PX);
    if (letters > 2) {
      context.fillStyle = isDark && !isMatch ? '#eef1f4' : '#16191d';
      context.fillText(cut(visible(this.names(frame)), letters), x + 3, y + ROW_PX / 2);
    }
    if (node === this.focus && document.activeElement === this.canvas) {
      context.strokeStyle = isDark ? '#ffffff' : '#000000';
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(width - 2.6, 1), ROW_PX - 3);
    }
  }

  #top(depth) {
    return (this.isFlipped ? this.rows - 1 - depth : depth) * ROW_PX;
  }

  #at(event) {
    const box = this.canvas.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top) / ROW_PX);
    const depth = this.isFlipped ? this.rows - 1 - row : row;
    const x = event.clientX - box.left;
    return this.rects?.find((rect) => rect.depth === depth && x >= rect.x && x < rect.x + rect.width);
  }

  #point(event) {
    const rect = this.#at(event);
    const narrow = rect?.isRest ? 'Frames too narrow to draw, below\n' : '';
    this.tip(rect ? narrow + this.describe(rect.node) : null, event);
  }

  #press(event) {
    const rect = this.#at(event);
    if (rect) this.zoomTo(rect.node);
  }

  #key(event) {
    if (event.key === 'Enter') this.zoomTo(this.focus);
    else if (event.key === 'Escape' && this.zoom > 0 && (this.hasRoot || this.tree.parent[this.zoom] > 0)) this.zoomTo(this.tree.parent[this.zoom]);
    else if (KEYS[event.key]) this.#move(KEYS[event.key]);
    else return;
    event.preventDefault();
  }

  #move(key) {
    const turned = this.isFlipped ? { up: 'in', down: 'out' } : { up: 'out', down: 'in' };
    this.focus = neighbour(this.tree, this.rects, this.focus, turned[key] ?? key);
    this.draw();
    this.#tell();
  }

  #tell() {
    this.draw();
    this.say(this.describe(this.focus));
  }

  /// A frame in words.
  describe(node) {
    const { tree, type } = this;
    const of = (whole, word) => `${share(percentOf(tree.total[node], whole))} of ${word}`;
    const parts = [shown(tree.total[node], type), of(tree.total[0], 'all')];
    if (this.zoom > 0 && node !== 0) parts.push(of(tree.total[this.zoom], this.names(tree.frame[this.zoom])));
    return `${this.names(tree.frame[node])}\n${parts.join(', ')}`;
  }
}

function colour({ frame, name, kind, isDark, isMatch, isFaint }) {
  if (isMatch) return isDark ? '#ff8fc0' : '#e85a9c';
  if (frame < 0) return isDark ? '#3b444e' : '#c9d0d8';
  const light = (isDark ? 33 : 72) + (hash(name) % 9) - 4;
  if (isFaint) return isDark ? `hsl(210 6% ${light - 10}%)` : `hsl(210 8% ${light + 14}%)`;
  if (kind > 0) return `hsl(${kind === 1 ? 212 : 172} ${isDark ? 45 : 60}% ${light}%)`;
  return `hsl(${16 + (hash(name) % 34)} ${isDark ? 52 : 82}% ${light}%)`;
}

function hash(text) {
  let sum = 7;
  for (let index = 0; index < text.length; index += 1) sum = (Math.imul(sum, 31) + text.charCodeAt(index)) >>> 0;
  return sum >>> 3;
}
