// A served page: it shows the file as it was, and by itself as it has become.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';

import { column, withPage } from './browser.mjs';

const url = process.env.SERVED;

test('a page loads itself again when its file has been replaced', () => withPage({ url, allowed: (asked) => asked === `${url}version` }, async (page) => {
  assert.deepEqual(await column(page, 1), ['cache_mu', 'log_mu']);
  await page.locator('#lock').selectOption('log_mu');
  fs.renameSync(process.env.NEXT, process.env.SHOWN);
  await page.getByText('<b>cache').first().waitFor({ state: 'attached' });
  assert.deepEqual(await column(page, 1), ['<b>cache', 'log']);
}));
