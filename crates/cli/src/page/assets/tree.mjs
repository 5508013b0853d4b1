// Trees of frames out of stacks: as they were called, below their locks or threads, and the
// callers and callees of one function.

/// A tree; node 0 is everything. Parents come before their children.
export class Tree {
  constructor() {
    this.parent = [-1];
    this.frame = [-1];
    this.total = [0];
    this.first = [-1];
    this.next = [-1];
    this.known = new Pairs();
  }

  /// A new child.
  add(parent, frame) {
    const node = this.parent.length;
    this.parent.push(parent);
    this.frame.push(frame);
    this.total.push(0);
    this.first.push(-1);
    this.next.push(this.first[parent]);
    this.first[parent] = node;
    return node;
  }

  /// The child with this frame, a new one if there is none.
  child(parent, frame) {
    const found = this.known.get(parent, frame);
    if (found >= 0) return found;
    const node = this.add(parent, frame);
    this.known.set(parent, frame, node);
    return node;
  }

  /// Adds what stands at each node to all that it is below.
  sum() {
    for (let node = this.parent.length - 1; node > 0; node -= 1) this.total[this.parent[node]] += this.total[node];
    return this;
  }

  /// The children of a node, the largest first.
  children(node) {
    const children = [];
    for (let child = this.first[node]; child >= 0; child = this.next[child]) if (this.total[child] > 0) children.push(child);
    return children.sort((a, b) => this.total[b] - this.total[a] || this.frame[a] - this.frame[b]);
  }

  /// The frames from everything down to a node.
  path(node) {
    const path = [];
    for (let at = node; at > 0; at = this.parent[at]) path.push(this.frame[at]);
    return path.reverse();
  }

  /// The node at the end of a path, or as much of it as there is.
  find(path) {
    let node = 0;
    for (const frame of path) {
      const child = this.children(node).find((known) => this.frame[known] === frame);
      if (child === undefined) return node;
      node = child;
    }
    return node;
  }
}

/// Numbers by pairs of numbers: a Map of joined keys would take three times as long.
class Pairs {
  constructor() {
    this.#resize(1 << 10);
  }

  get(a, b) {
    for (let at = this.#start(a, b); this.value[at] >= 0; at = (at + 1) & this.mask) {
      if (this.a[at] === a && this.b[at] === b) return this.value[at];
    }
    return -1;
  }

  set(a, b, value) {
    if (this.used * 2 > this.mask) {
      const old = { a: this.a, b: this.b, value: this.value };
      this.#resize((this.mask + 1) * 4);
      old.value.forEach((known, at) => known >= 0 && this.set(old.a[at], old.b[at], known));
    }
    let at = this.#start(a, b);
    while (this.value[at] >= 0) at = (at + 1) & this.mask;
    [this.a[at], this.b[at], this.value[at]] = [a, b, value];
    this.used += 1;
  }

  #start(a, b) {
    const mixed = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b);
    return (mixed ^ (mixed >>> 15)) & this.mask;
  }

  #resize(size) {
    this.a = new Int32Array(size);
    this.b = new Int32Array(size);
    this.value = new Int32Array(size).fill(-1);
    this.mask = size - 1;
    this.used = 0;
  }
}

/// The stacks with a value in this measure. With `roots` (`lock`, `thread`) those stand on top:
/// their frames are numbered behind the functions, see `frameName`.
export function callTree(model, measure, roots = '') {
  const tree = new Tree();
  const groups = new Map();
  const values = model.samples[measure];
  for (let index = 0; index < model.size; index += 1) {
    if (!(values[index] > 0) || !model.passes(index)) continue;
    const group = roots ? model.samples[roots][index] : -1;
    if (groups.has(group)) groups.get(group).push(index);
    else groups.set(group, [index]);
  }
  // Where a node of the stacks went in the group that was there last.
  const place = new Int32Array(model.up.length);
  const seen = new Int32Array(model.up.length).fill(-1);
  let number = 0;
  for (const [group, indices] of groups) {
    seen[0] = number;
    place[0] = roots && group >= 0 ? tree.add(0, rootFrame(model, roots, group)) : 0;
    for (const index of indices) {
      const node = placed(model, tree, model.samples.stack[index], { place, seen, number });
      tree.total[node] += values[index];
    }
    number += 1;
  }
  return tree.sum();
}

function placed(model, tree, stack, { place, seen, number }) {
  const missing = [];
  let node = stack;
  for (; seen[node] !== number; node -= model.up[node]) missing.push(node);
  let at = place[node];
  while (missing.length > 0) {
    node = missing.pop();
    at = tree.add(at, model.functionOf[node]);
    seen[node] = number;
    place[node] = at;
  }
  return at;
}

/// Above a function: who called it. Below it: whom it called. Each stack counts once, from
/// where the function is in it for the first time.
export function sandwich(model, measure, focus) {
  const [callers, callees] = [new Tree(), new Tree()];
  const values = model.samples[measure];
  const isBelow = through(model, focus);
  for (let index = 0; index < model.size; index += 1) {
    if (!(values[index] > 0) || !isBelow[model.samples.stack[index]] || !model.passes(index)) continue;
    const path = [];
    let first = -1;
    for (let node = model.samples.stack[index]; node > 0; node -= model.up[node]) {
      if (model.functionOf[node] === focus) first = path.length;
      path.push(model.functionOf[node]);
    }
    let up = 0;
    for (let at = first; at < path.length; at += 1) up = callers.child(up, path[at]);
    callers.total[up] += values[index];
    let down = 0;
    for (let at = first; at >= 0; at -= 1) down = callees.child(down, path[at]);
    callees.total[down] += values[index];
  }
  return { callers: callers.sum(), callees: callees.sum() };
}

/// Which nodes of the stacks are the function or below it: parents come before their children.
function through(model, focus) {
  const isBelow = new Uint8Array(model.up.length);
  for (let node = 1; node < isBelow.length; node += 1) {
    isBelow[node] = model.functionOf[node] === focus || isBelow[node - model.up[node]] ? 1 : 0;
  }
  return isBelow;
}

/// Every function: what stands in it alone, and with whatever it called, once where it calls
/// itself; the largest first.
export function functionTotals(model, tree) {
  const size = model.functions.length;
  const [self, total, depth] = [new Float64Array(size), new Float64Array(size), new Int32Array(size)];
  const own = Float64Array.from(tree.total);
  for (let node = tree.parent.length - 1; node > 0; node -= 1) own[tree.parent[node]] -= tree.total[node];
  const open = [];
  for (let child = tree.first[0]; child >= 0; child = tree.next[child]) open.push(child);
  while (open.length > 0) {
    const node = open.pop();
    // A node that is left stands there as its complement.
    const frame = tree.frame[node < 0 ? ~node : node];
    if (node < 0) {
      depth[frame] -= 1;
      continue;
    }
    self[frame] += own[node];
    if (depth[frame] === 0) total[frame] += tree.total[node];
    depth[frame] += 1;
    open.push(~node);
    for (let child = tree.first[node]; child >= 0; child = tree.next[child]) open.push(child);
  }
  const found = [];
  for (let id = 0; id < size; id += 1) if (total[id] > 0) found.push({ id, name: model.functions[id], self: self[id], total: total[id] });
  return found.sort((a, b) => b.total - a.total || b.self - a.self || a.id - b.id);
}

/// What a frame is: a function, a lock or a thread, with its name.
export function frameName(model, frame) {
  if (frame < 0) return 'everything';
  const functions = model.functions.length;
  if (frame < functions) return model.functions[frame];
  const locks = model.tables.lock.labels;
  if (frame < functions + locks.length) return locks[frame - functions];
  return model.tables.thread.labels[frame - functions - locks.length];
}

function rootFrame(model, roots, row) {
  const before = model.functions.length;
  return roots === 'lock' ? before + row : before + model.tables.lock.labels.length + row;
}
