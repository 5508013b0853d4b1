// The page as a whole: what is chosen, the tabs, the keys, light and dark.

import { el, settled, visible } from './dom.mjs';
import { Model } from './model.mjs';
import { source, summary } from './notes.mjs';
import { format, parse, rememberedTheme, rememberTheme } from './state.mjs';
import { plural } from './units.mjs';
import { tabs, treesOf } from './views.mjs';

/// How often a served page asks for news.
const NEWS_MS = 1000;
/// Letters typed faster than this are searched for at once.
const TYPING_MS = 80;

/// Of more locks or threads than this, a list to choose from has the first; all are in the table.
const MOST_OPTIONS = 500;

const find = (id) => document.getElementById(id);

class App {
  constructor(page) {
    this.model = new Model(page);
    this.tabs = tabs(this.model);
    this.measures = this.model.measures();
    this.state = parse(location.hash);
    this.tip = tip;
    this.say = (text) => find('said').replaceChildren(text.replace('\n', ': '));
    this.#frame();
    this.#keys();
    this.apply();
  }

  /// Changes what is shown. `focus` is what has the focus afterwards.
  set(changes, { focus } = {}) {
    Object.assign(this.state, changes);
    this.#store();
    this.apply();
    if (focus) document.querySelector(focus)?.focus();
  }

  /// Remembers a change that is on the screen already.
  keep(changes) {
    Object.assign(this.state, changes);
    this.#store();
  }

  /// Shows what is chosen.
  apply() {
    const began = performance.now();
    const { model, state } = this;
    this.measure = this.measures.find(({ key }) => key === state.value) ?? this.measures[0] ?? { key: 'wait', title: 'Waiting', type: 'time', help: '' };
    model.filter = { lock: model.tables.lock.labels.indexOf(state.lock), thread: model.tables.thread.labels.indexOf(state.thread) };
    const chosen = `${this.measure.key} ${model.filter.lock} ${model.filter.thread}`;
    if (chosen !== this.chosen) Object.assign(this, treesOf(model, this.measure), { chosen });
    this.#controls();
    this.show();
    document.documentElement.dataset.worked = (performance.now() - began).toFixed(1);
  }

  /// Draws the view of the chosen tab.
  show() {
    const tab = this.tabs.find(({ key }) => key === this.state.tab) ?? this.tabs[0];
    Object.assign(this, { onsearch: null, onkey: null });
    tip(null);
    const panel = find('panel');
    panel.setAttribute('aria-labelledby', `tab-${tab.key}`);
    panel.dataset.view = tab.key;
    panel.replaceChildren(tab.make(this));
  }

  #store() {
    history.replaceState(null, '', `#${format(this.state)}`);
  }

  /// What is there as long as the page is.
  #frame() {
    const { about, tables } = this.model;
    find('files').textContent = source(about);
    find('files').title = about.files.map(({ path }) => path).join('\n');
    find('summary').append(...summary(this.model));
    find('warnings').append(...about.warnings.map((text) => el('p', {}, text)));
    document.title = `lockprof ${source(about)}`;
    const options = (of, all) => [el('option', { value: '' }, all), ...of.slice(0, MOST_OPTIONS).map((label) => el('option', { value: label }, label)), unlisted(of)];
    find('lock').append(...options(tables.lock.labels, 'all locks').filter(Boolean));
    find('thread').append(...options(tables.thread.labels, 'all threads').filter(Boolean));
    find('measures').append(...this.measures.map(({ key, title, help }) => el('label', { title: help }, el('input', { type: 'radio', name: 'value', value: key }), title)));
    find('tabs').append(...this.tabs.map(({ key, title }) => el('button', { type: 'button', role: 'tab', id: `tab-${key}`, 'aria-controls': 'panel' }, title)));
    find('lock').addEventListener('change', (event) => this.set({ lock: event.target.value, zoom: '' }));
    find('thread').addEventListener('change', (event) => this.set({ thread: event.target.value, zoom: '' }));
    find('measures').addEventListener('change', (event) => this.set({ value: event.target.value, zoom: '' }));
    find('tabs').addEventListener('click', (event) => event.target.id.startsWith('tab-') && this.set({ tab: event.target.id.slice(4) }));
    find('reset').addEventListener('click', () => this.set({ lock: '', thread: '', search: '', zoom: '' }));
    find('filters').addEventListener('submit', (event) => event.preventDefault());
    find('search').addEventListener('input', settled(TYPING_MS, () => this.#search()));
    find('theme').addEventListener('click', () => this.#theme());
    window.addEventListener('hashchange', () => {
      this.state = parse(location.hash);
      this.apply();
    });
  }

  /// Brings the controls in line with what is chosen.
  #controls() {
    const { state, model } = this;
    const tab = this.tabs.find(({ key }) => key === state.tab) ?? this.tabs[0];
    for (const { key } of this.tabs) {
      const isChosen = key === tab.key;
      find(`tab-${key}`).setAttribute('aria-selected', String(isChosen));
      find(`tab-${key}`).tabIndex = isChosen ? 0 : -1;
    }
    for (const input of find('measures').querySelectorAll('input')) input.checked = input.value === this.measure.key;
    chooseIn(find('lock'), model.filter.lock < 0 ? '' : state.lock);
    chooseIn(find('thread'), model.filter.thread < 0 ? '' : state.thread);
    if (find('search').value !== state.search) find('search').value = state.search;
    find('reset').hidden = model.filter.lock < 0 && model.filter.thread < 0 && state.search === '';
  }

  #search() {
    this.keep({ search: find('search').value });
    this.#controls();
    if (this.onsearch) this.onsearch();
    else this.show();
  }

  #keys() {
    find('tabs').addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const at = this.tabs.findIndex(({ key }) => `tab-${key}` === event.target.id);
      if (!step || at < 0) return;
      const { key } = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
      this.set({ tab: key }, { focus: `#tab-${key}` });
    });
    document.addEventListener('keydown', (event) => {
      const isTyping = event.target.closest('input[type=search], select');
      if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        find('search').focus();
      } else if (event.key === 'Escape' && event.target.id === 'search') {
        this.set({ search: '' });
        find('panel').focus();
      } else if (!isTyping && !event.defaultPrevented) {
        this.onkey?.(event.key);
      }
    });
  }

  #theme() {
    const theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
    rememberTheme(theme);
    document.documentElement.dataset.theme = theme;
    this.show();
  }
}

/// What stands at the end of a list that has not all; nothing where it has.
function unlisted(of) {
  return of.length > MOST_OPTIONS ? el('option', { disabled: true }, `${plural(of.length - MOST_OPTIONS, 'more: press it', 'more: press one')} in the table`) : null;
}

/// Chooses in a list, which gets what it did not have.
function chooseIn(list, value) {
  if (![...list.options].some((option) => option.value === value)) list.insertBefore(el('option', { value }, value), list.options[1]);
  list.value = value;
}

/// Shows a text beside the pointer, or nothing.
function tip(text, event) {
  const box = find('tip');
  box.hidden = text === null;
  if (text === null) return;
  box.textContent = visible(text);
  const x = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8);
  const isLow = event.clientY + 20 + box.offsetHeight > window.innerHeight;
  box.style.left = `${Math.max(x, 4)}px`;
  box.style.top = `${isLow ? event.clientY - box.offsetHeight - 10 : event.clientY + 16}px`;
}

/// Light or dark as the system has it, as long as nothing else was chosen.
function followSystem() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => {
    document.documentElement.dataset.theme = rememberedTheme() ?? (dark.matches ? 'dark' : 'light');
  };
  dark.addEventListener('change', () => {
    follow();
    window.app?.show();
  });
  follow();
}

/// Asks the server whether the files have changed, and loads the page anew when they have.
function waitForNews(version) {
  const timer = setInterval(async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch('/version', { cache: 'no-store' });
      if (answer.ok && (await answer.text()) !== version) location.reload();
    } catch {
      clearInterval(timer);
      find('warnings').append(el('p', {}, 'The server has ended: this is the last it has shown.'));
    }
  }, NEWS_MS);
}

followSystem();
window.app = new App(JSON.parse(find('profile').textContent));
if (window.app.model.about.version) waitForNews(window.app.model.about.version);
