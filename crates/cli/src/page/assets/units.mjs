// Numbers as people read them, in the words of `lockprof report` (render/units.rs).

const STEPS = [[1e3, 'k'], [1e6, 'M'], [1e9, 'G']];
const TIMES = [[1e3, 'µs'], [1e6, 'ms'], [1e9, 's']];
/// Up to here counts are written out.
const WRITTEN_OUT = 99_999;

/// How many: written out, or three digits.
export function count(number) {
  if (number <= WRITTEN_OUT) return grouped(number);
  return scaled(number, STEPS, '') ?? `${grouped(Math.round(number / 1e9))}G`;
}

/// How long: three digits and the unit that fits.
export function time(ns) {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  return scaled(ns, TIMES, ' ') ?? `${grouped(Math.round(ns / 1e9))} s`;
}

/// A share, given in per cent.
export function share(percent) {
  if (percent === 0) return '0%';
  if (percent < 0.05) return '<0.1%';
  return percent < 99.95 ? `${percent.toFixed(1)}%` : `${grouped(Math.round(percent))}%`;
}

/// Half of an interval as a part of its estimate; nothing of nothing.
export function error(half, of) {
  if (half === null || !of) return '';
  if (half === 0) return 'exact';
  const percent = (half / of) * 100;
  if (percent < 9.9) return `±${share((Math.floor(percent * 10) + 1) / 10)}`;
  return percent < 999 ? `±${Math.floor(percent) + 1}%` : '±1,000%';
}

/// A value of a column of this type; what is not known is a dash.
export function shown(value, type) {
  if (value === null || value === undefined) return '–';
  const as = { count, time, share };
  return as[type] ? as[type](value) : String(value);
}

/// A number with its word.
export function plural(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/// A part of a whole, in per cent; 0 of nothing.
export function percentOf(part, whole) {
  return whole > 0 ? (part / whole) * 100 : 0;
}

function scaled(number, steps, gap) {
  for (const [one, unit] of steps) {
    for (const digits of [2, 1, 0]) {
      const text = (number / one).toFixed(digits);
      if (text.replace('.', '').length <= 3) return `${text}${gap}${unit}`;
    }
  }
  return null;
}

function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}
