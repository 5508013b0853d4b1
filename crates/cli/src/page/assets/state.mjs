// What is shown, kept in the address: it survives loading the page again, and can be sent along.

/// Values when nothing else is said.
const USUAL = { tab: 'lock', value: 'wait', lock: '', thread: '', search: '', function: '', zoom: '', roots: '', sort: '', flip: '', all: '' };

/// Reads an address.
export function parse(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  return Object.fromEntries(Object.entries(USUAL).map(([key, usual]) => [key, given.get(key) ?? usual]));
}

/// Writes it: only what is not as usual.
export function format(state) {
  const changed = Object.entries(state).filter(([key, value]) => value !== USUAL[key]);
  return new URLSearchParams(changed).toString();
}

/// Light or dark as was chosen, else as the system has it. A page that is a file may have no memory.
export function rememberedTheme() {
  try {
    return localStorage.getItem('lockprof-theme');
  } catch {
    return null;
  }
}

/// Keeps the choice for the next time.
export function rememberTheme(theme) {
  try {
    localStorage.setItem('lockprof-theme', theme);
  } catch {
    // It counts for this time.
  }
}
