// Zoom, search and details of a flame graph; sizes as where it is drawn.
"use strict";
(() => {
  const WIDTH = 1180, LEFT = 10, CHARACTER = 7.25;
  const get = (id) => document.getElementById(id);
  const frames = Array.from(get("frames").children, (g) => ({
    g,
    rect: g.querySelector("rect"),
    text: g.querySelector("text"),
    name: g.dataset.n,
    begin: Number(g.dataset.b),
    share: Number(g.dataset.s),
    y: Number(g.querySelector("rect").getAttribute("y")),
  }));
  const ground = frames[0];
  // Of less than a hundred-thousandth of the width nothing is seen.
  const SLACK = 1e-7;
  let shown = ground;

  function cut(name, width) {
    const room = Math.floor((width - 6) / CHARACTER);
    if (room < 3) return "";
    const letters = Array.from(name);
    return letters.length <= room ? name : letters.slice(0, room - 2).join("") + "..";
  }

  // Shows one frame over the whole width, what stands on it, and what it stands on.
  function zoom(to) {
    shown = to;
    const end = to.begin + to.share;
    for (const f of frames) {
      const isBelow = f.begin <= to.begin + SLACK && f.begin + f.share >= end - SLACK
        && Math.abs(f.y - ground.y) <= Math.abs(to.y - ground.y);
      const isWithin = f.begin >= to.begin - SLACK && f.begin + f.share <= end + SLACK;
      f.g.classList.toggle("hidden", !isBelow && !isWithin);
      f.g.classList.toggle("outside", isBelow && f !== to && to !== ground);
      const begin = isBelow ? 0 : (f.begin - to.begin) / to.share;
      const width = (isBelow ? 1 : f.share / to.share) * WIDTH;
      f.rect.setAttribute("x", LEFT + begin * WIDTH);
      f.rect.setAttribute("width", Math.max(width, 0));
      f.text.setAttribute("x", LEFT + begin * WIDTH + 3);
      f.text.textContent = cut(f.name, width);
    }
    get("reset").classList.toggle("hidden", to === ground);
  }

  function search() {
    const pattern = prompt("Functions that match this regular expression:", "");
    if (pattern === null) return;
    let regex = null;
    try {
      regex = pattern && new RegExp(pattern, "i");
    } catch (error) {
      get("matched").textContent = "no regular expression";
      return;
    }
    mark(regex);
  }

  // Marks what matches, and says what part of the whole stands on it or is it.
  function mark(regex) {
    const spans = [];
    for (const f of frames) {
      const isMatch = Boolean(regex) && f !== ground && regex.test(f.name);
      f.g.classList.toggle("match", isMatch);
      if (isMatch) spans.push([f.begin, f.begin + f.share]);
    }
    spans.sort((a, b) => a[0] - b[0]);
    let end = 0, sum = 0;
    for (const [from, to] of spans) {
      if (to > end) sum += to - Math.max(from, end);
      end = Math.max(end, to);
    }
    get("matched").textContent = regex ? `Matched: ${(sum * 100).toFixed(1)}%` : " ";
    get("search").textContent = regex ? "Search again" : "Search";
  }

  for (const f of frames) {
    f.g.addEventListener("click", () => zoom(f));
    f.g.addEventListener("mouseenter", () => {
      get("details").textContent = f.g.querySelector("title").textContent;
    });
    f.g.addEventListener("mouseleave", () => { get("details").textContent = " "; });
  }
  const press = (id, act) => {
    get(id).addEventListener("click", act);
    get(id).addEventListener("keydown", (e) => { if (e.key === "Enter") act(); });
  };
  press("reset", () => zoom(ground));
  press("search", search);
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && shown !== ground) zoom(ground);
    if (e.key === "/" || (e.key === "f" && e.ctrlKey)) { e.preventDefault(); search(); }
  });
})();
