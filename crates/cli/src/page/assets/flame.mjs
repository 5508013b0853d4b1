// Where the frames of a tree are drawn, and which of them are worth drawing.

/// Narrower frames are drawn as one with their neighbours.
const NARROWEST_PX = 1;

/// What stands in the picture: `node`, `depth`, and from where to where in pixels. Frames that are
/// too narrow are one (`isRest`, with the node they are below), without what is below them: so no
/// picture has more than it has room for.
/// Nodes above `zoom` have the whole width. Without `hasRoot` node 0 is not drawn.
export function layout(tree, zoom, width, hasRoot = true) {
  const rects = [];
  const above = [];
  for (let node = tree.parent[zoom]; node >= 0; node = tree.parent[node]) above.push(node);
  above.reverse().forEach((node, depth) => rects.push({ node, depth, x: 0, width, isAbove: true }));
  if (tree.total[zoom] > 0) place(tree, { node: zoom, depth: above.length, x: 0, width }, rects);
  if (hasRoot) return rects;
  return rects.filter((rect) => rect.node > 0).map((rect) => ({ ...rect, depth: rect.depth - 1 }));
}

function place(tree, rect, rects) {
  rects.push(rect);
  const { node, depth, width } = rect;
  let { x } = rect;
  const scale = width / tree.total[node];
  const children = tree.children(node);
  for (const [index, child] of children.entries()) {
    const share = tree.total[child] * scale;
    // The largest come first: what follows is no wider.
    if (share < NARROWEST_PX) {
      rests(tree, children.slice(index), { node, depth: depth + 1, x }, scale, rects);
      break;
    }
    place(tree, { node: child, depth: depth + 1, x, width: share }, rects);
    x += share;
  }
}

function rests(tree, children, rect, scale, rects) {
  const width = scale * children.reduce((sum, child) => sum + tree.total[child], 0);
  if (width >= NARROWEST_PX) rects.push({ ...rect, width, isRest: true });
}

/// The next rectangle in a direction: to the parent, the widest child, or a neighbour.
export function neighbour(tree, rects, node, key) {
  const at = rects.find((rect) => rect.node === node);
  if (!at) return rects[0]?.node ?? 0;
  if (key === 'out') return rects.some((rect) => rect.node === tree.parent[node]) ? tree.parent[node] : node;
  if (key === 'in') {
    return rects.find((rect) => !rect.isRest && tree.parent[rect.node] === node && rect.depth === at.depth + 1)?.node ?? node;
  }
  const row = rects.filter((rect) => rect.depth === at.depth && !rect.isRest).sort((a, b) => a.x - b.x);
  const next = row.indexOf(at) + (key === 'right' ? 1 : -1);
  return row[next]?.node ?? node;
}

/// Which frames have names with this text in them, and what share of everything is below such.
export function search(tree, names, text) {
  const wanted = text.toLowerCase();
  const matches = new Map();
  const isMatch = (frame) => {
    if (frame < 0) return false;
    if (!matches.has(frame)) matches.set(frame, names(frame).toLowerCase().includes(wanted));
    return matches.get(frame);
  };
  let found = 0;
  const open = [0];
  while (open.length > 0) {
    const node = open.pop();
    if (isMatch(tree.frame[node])) {
      found += tree.total[node];
    } else {
      for (let child = tree.first[node]; child >= 0; child = tree.next[child]) open.push(child);
    }
  }
  return { isMatch, share: tree.total[0] > 0 ? found / tree.total[0] : 0 };
}
