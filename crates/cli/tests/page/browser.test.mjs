// The page as people use it: by mouse, by keys, in the light and in the dark.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

import { column, open, withPage } from './browser.mjs';

const url = pathToFileURL(process.env.PAGE).href;
const cache = '<b>cache';

test('the first thing is the table of locks, with names as they are', () => withPage({ url }, async (page) => {
  assert.deepEqual(await column(page, 1), [cache, 'log']);
  assert.match(await page.locator('#summary').textContent(), /3 threads|6 threads/);
  assert.match(await page.locator('#summary').textContent(), /4\.20 s/);
  assert.equal(await page.locator('#panel b').count(), 0, 'no name became markup');
}));

test('a press on a title sorts, a second one turns it round', () => withPage({ url }, async (page) => {
  const sort = (key) => page.locator(`[data-sort="${key}"]`);
  const state = (key) => page.locator('th', { has: sort(key) }).getAttribute('aria-sort');
  assert.equal(await state('wait'), 'descending');
  await sort('lock').click();
  assert.equal(await state('lock'), 'ascending');
  await sort('lock').click();
  assert.deepEqual(await column(page, 1), ['log', cache]);
  assert.equal(await state('lock'), 'descending');
  assert.equal(await state('wait'), null);
  assert.equal(await page.evaluate(() => document.activeElement.dataset.sort), 'lock', 'the focus stays');
}));

test('a slash goes to the search, which leaves what has the text', () => withPage({ url }, async (page) => {
  await page.keyboard.press('/');
  await page.keyboard.type('LOG');
  await page.waitForFunction(() => document.querySelectorAll('#panel tbody tr').length === 1);
  assert.deepEqual(await column(page, 1), ['log']);
  await page.keyboard.press('Escape');
  assert.equal((await column(page, 1)).length, 2);
}));

test('tabs are walked through with the arrow keys', () => withPage({ url }, async (page) => {
  await page.locator('#tab-lock').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.locator('#panel').getAttribute('data-view'), 'flame');
  assert.equal(await page.locator('[role=tab][aria-selected=true]').textContent(), 'Flame graph');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await page.locator('#panel').getAttribute('data-view'), 'notes', 'round the corner');
  assert.equal(await page.locator('[role=tab][tabindex="0"]').count(), 1);
}));

test('of very many locks a list has the first, and one that was chosen elsewhere', () => withPage({ url }, async (page) => {
  const names = await page.evaluate(() => {
    const { labels, rows } = window.app.model.tables.lock;
    for (let number = labels.length; number < 2_000; number += 1) {
      labels.push(`lock_${number}`);
      for (const column of Object.values(rows)) column.push(column[0]);
    }
    document.querySelector('#lock').replaceChildren();
    document.querySelector('#thread').replaceChildren();
    for (const id of ['files', 'summary', 'warnings', 'measures', 'tabs']) document.querySelector(`#${id}`).replaceChildren();
    new window.app.constructor({ about: window.app.model.about, ...JSON.parse(document.querySelector('#profile').textContent), tables: window.app.model.tables });
    window.app.set({ lock: 'lock_1999' });
    return [...document.querySelector('#lock').options].map(({ text }) => text);
  });
  assert.ok(names.length < 600, `${names.length} options`);
  assert.match(names.at(-1), /^1,500 more/);
  assert.equal(await page.locator('#lock').inputValue(), 'lock_1999');
}));

test('a filter by lock and by thread changes every number', () => withPage({ url }, async (page) => {
  await page.locator('#thread').selectOption('w-2 (2)');
  const wait = 1 + await page.locator('thead [data-sort]').evaluateAll((all) => all.findIndex((one) => one.dataset.sort === 'wait'));
  assert.deepEqual(await column(page, wait), ['1.20 s±0.2%', '200 ms±0.3%'], 'of two files, 600 and 100 ms each');
  await page.locator('#lock').selectOption('log');
  await open(page, 'Threads');
  assert.equal(await page.locator('#panel tr[aria-current] .name').first().textContent(), 'w-2');
  await open(page, 'Flame graph');
  assert.equal(await page.evaluate(() => window.app.tree('').total[0]), 200e6);
  await page.locator('#reset').click();
  assert.equal(await page.evaluate(() => window.app.tree('').total[0]), 4200e6);
}));

test('the pictures count what is chosen', () => withPage({ url }, async (page) => {
  await open(page, 'Flame graph');
  for (const [name, total] of [['Holding', 7200e6], ['Acquisitions', 7800], ['Blame', 4200e6], ['Sync waits', 24_000e6]]) {
    await page.locator('#measures label', { hasText: name }).click();
    assert.equal(await page.evaluate(() => window.app.tree('').total[0]), total, name);
  }
}));

test('the flame graph is zoomed with the mouse and walked through with keys', () => withPage({ url }, async (page) => {
  await open(page, 'Flame graph');
  const canvas = page.locator('#panel canvas');
  const said = () => page.locator('#said').textContent();
  await canvas.focus();
  assert.match(await said(), /^everything: 4\.20 s/);
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key);
  assert.match(await said(), /^look_up: 3\.60 s, 85\.7% of all/);
  await page.keyboard.press('ArrowRight');
  assert.match(await said(), /^log: 600 ms/);
  await page.keyboard.press('Enter');
  assert.notEqual(await page.evaluate(() => window.app.state.zoom), '');
  await page.keyboard.press('Escape');
  assert.match(await said(), /^serve: 4\.20 s/);
  await page.locator('#unzoom').click();
  assert.equal(await page.evaluate(() => window.app.state.zoom), '');
  await canvas.click({ position: { x: 30, y: 19 * 3 + 5 } });
  assert.equal(await page.evaluate(() => window.app.state.zoom.split('.').length), 3);
  await canvas.hover({ position: { x: 30, y: 19 * 3 + 5 } });
  assert.match(await page.locator('#tip').textContent(), /look_up/);
}));

test('a search in the flame graph says what it found', () => withPage({ url }, async (page) => {
  await open(page, 'Flame graph');
  await page.locator('#search').fill('look');
  await page.getByText('85.7% is below').waitFor();
}));

test('locks can stand above the stacks', () => withPage({ url }, async (page) => {
  await open(page, 'Flame graph');
  const before = Number(await page.locator('canvas').getAttribute('data-drawn'));
  await page.locator('#roots').selectOption('lock');
  await page.waitForFunction((drawn) => Number(document.querySelector('canvas').dataset.drawn) > drawn, before);
}));

test('a function has its callers above and its callees below', () => withPage({ url }, async (page) => {
  await open(page, 'Functions');
  await page.getByRole('button', { name: 'look_up' }).click();
  assert.equal(await page.locator('#panel canvas').count(), 2);
  await page.waitForFunction(() => document.querySelectorAll('canvas[data-drawn]').length === 2);
  const drawn = await page.locator('canvas').evaluateAll((all) => all.map((one) => Number(one.dataset.drawn)));
  assert.deepEqual(drawn, [3, 2], 'look_up, serve, main; look_up, std::mutex::lock');
  assert.match(await page.locator('#panel section').textContent(), /\/src\/7\.cc.*3\.60 s total, 85\.7%/);
}));

test('places lead to their callers', () => withPage({ url }, async (page) => {
  await open(page, 'Holders');
  await page.getByRole('button', { name: 'refresh' }).click();
  assert.equal(await page.locator('#panel').getAttribute('data-view'), 'functions');
  assert.equal(await page.locator('#panel section h2').first().textContent(), 'refresh');
}));

test('bands lead from waiters to holders and on to the end of the chain', () => withPage({ url }, async (page) => {
  await open(page, 'Who waits for whom');
  assert.equal(await page.locator('.graph .edge').count(), 3);
  assert.equal(await page.locator('.graph .edge.chain').count(), 1);
  const texts = (await page.locator('.graph text').allTextContents()).join('\n');
  for (const name of ['look_up', 'refresh', 'Map<int>::insert', 'commit', cache]) assert.ok(texts.includes(name), name);
  assert.match(await page.locator('svg.graph').getAttribute('aria-label'), /look_up \(7\.cc:7\) waited 3\.60 s for <b>cache, released in refresh/);
  assert.equal((await column(page, 1)).length, 2, 'the table below');
}));

test('histograms and the timeline have their numbers as tables too', () => withPage({ url }, async (page) => {
  await open(page, 'Histograms');
  assert.ok(await page.locator('svg.chart .events').count() > 0);
  assert.ok(await page.locator('#panel details table').count() > 0);
  await open(page, 'Timeline');
  assert.equal(await page.locator('svg.chart rect').count(), 4, 'two locks in two files');
  assert.deepEqual(await column(page, 3), ['2.10 s', '2.10 s']);
}));

test('what is chosen survives loading the page again', () => withPage({ url, allowed: (asked) => asked.startsWith(url) }, async (page) => {
  await page.locator('#lock').selectOption(cache);
  await open(page, 'Histograms');
  await page.reload();
  await page.waitForFunction(() => window.app);
  assert.equal(await page.locator('#panel').getAttribute('data-view'), 'histogram');
  assert.equal(await page.locator('#lock').inputValue(), cache);
}));

test('it is dark where the system is, and where one wants it', async () => {
  const back = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await withPage({ url, colorScheme: 'dark' }, async (page) => {
    assert.equal(await back(page), 'rgb(20, 24, 29)');
    await page.locator('#theme').click();
    assert.equal(await back(page), 'rgb(255, 255, 255)');
  });
  await withPage({ url, colorScheme: 'light' }, async (page) => assert.equal(await back(page), 'rgb(255, 255, 255)'));
});

test('a name is shown for what it is, and a long one by its both ends', () => withPage({ url }, async (page) => {
  const shown = await page.evaluate(() => {
    const { labels, rows } = window.app.model.tables.lock;
    [labels[0], rows.lock[0]] = Array(2).fill(`\u202egnp.exe\u001b`);
    [labels[1], rows.lock[1]] = Array(2).fill(`std::map<${'very_'.repeat(30)}long>::mutex_1`);
    window.app.apply();
    return [...document.querySelectorAll('#panel tbody .link')].map((one) => [one.textContent, one.title.length]);
  });
  assert.equal(shown[0][0], '\\u{202e}gnp.exe\\u{1b}');
  assert.match(shown[1][0], /^std::map<very_.*….*>::mutex_1$/);
  assert.ok(shown[1][1] > 150, 'the whole name beside the pointer');
}));

test('nothing reaches beyond a narrow window', () => withPage({ url, viewport: { width: 360, height: 700 } }, async (page) => {
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), await tab.textContent());
  }
}));

test('letters in the picture of who waits for whom can be read in a narrow window and in a wide one', async () => {
  for (const width of [400, 2560]) {
    await withPage({ url, viewport: { width, height: 900 } }, async (page) => {
      await open(page, 'Who waits for whom');
      const high = await page.locator('.graph text').first().evaluate((one) => one.getBoundingClientRect().height);
      assert.ok(high > 8 && high < 24, `${high} px in a window of ${width}`);
    });
  }
});

test('on paper there is all of the view, and what was chosen', () => withPage({ url, colorScheme: 'dark' }, async (page) => {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
  assert.deepEqual(await page.locator('[role=tab]:visible').allTextContents(), ['Locks']);
  assert.equal(await page.locator('#panel .scroll').evaluate((one) => getComputedStyle(one).overflow), 'visible');
  assert.equal(await page.locator('#measures').isVisible(), true);
}));

test('everything that can be pressed has a name, and the page its landmarks', () => withPage({ url }, async (page) => {
  for (const tab of await page.getByRole('tab').all()) {
    await tab.click();
    const nameless = await page.evaluate(() => [...document.querySelectorAll('button, select, input, canvas, svg[role=img]')]
      .filter((one) => !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.[0]?.textContent.trim()))
      .map((one) => one.outerHTML));
    assert.deepEqual(nameless, []);
    const isWide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    assert.equal(isWide, false, 'nothing reaches beyond the window');
  }
  for (const role of ['main', 'tablist', 'search']) assert.equal(await page.getByRole(role).count(), 1, role);
  const { nodes } = await (await page.context().newCDPSession(page)).send('Accessibility.getFullAXTree');
  const isReached = ({ ignored, properties }) => !ignored && properties?.some(({ name, value }) => name === 'focusable' && value.value);
  const reached = nodes.filter(isReached);
  assert.ok(reached.length > 10);
  assert.deepEqual(reached.filter(({ name }) => !name?.value).map(({ role }) => role.value), []);
}));
