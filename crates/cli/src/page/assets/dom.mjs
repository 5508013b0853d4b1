// Making elements: texts are set as texts, so that no name of a program is read as markup.

const SVG = 'http://www.w3.org/2000/svg';

/// An element of HTML with attributes, handlers (`onclick`) and children.
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/// An element of SVG, likewise.
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/// A text without what does not show itself: signs that control, turn the direction of what
/// follows, or have no width, so that a name seems to be another.
export function visible(text) {
  return text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (sign) => `\\u{${sign.codePointAt(0).toString(16)}}`);
}

/// Calls it once when nothing has called for a while.
export function settled(ms, then) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
  };
}

/// A text of at most so many signs, cut in the middle.
export function cut(text, most) {
  if (text.length <= most) return text;
  if (most < 2) return most < 1 ? '' : '…';
  const head = Math.floor((most - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (most - 1 - head))}`;
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  const shown = children.flat().filter((child) => child !== null && child !== undefined);
  element.append(...shown.map((child) => (typeof child === 'string' ? visible(child) : child)));
  return element;
}
