// A browser for the tests: Debian's, driven by playwright-core from target/tools.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after } from 'node:test';

const { chromium } = createRequire(process.env.NPM_TOOLS)('playwright-core');
/// Beyond this something hangs; nothing is measured by it.
const HANGS_MS = 60_000;
/// One for all tests of a file: each has pages of its own.
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'], timeout: HANGS_MS });
after(() => browser.close());

/// Opens an address, calls `use` with the page, and fails if anything was said in the console or
/// asked of a network.
export async function withPage({ url, allowed = () => false, ...options }, use) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(HANGS_MS);
    const said = [];
    page.on('console', (message) => said.push(message.text()));
    page.on('pageerror', (error) => said.push(error.stack));
    page.on('request', (request) => {
      if (request.url() !== url && !request.url().startsWith('data:') && !allowed(request.url())) said.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await page.waitForFunction(() => window.app);
    await use(page);
    assert.deepEqual(said, []);
  } finally {
    await context.close();
  }
}

/// Opens a tab by its title.
export async function open(page, title) {
  await page.getByRole('tab', { name: title, exact: true }).click();
}

/// The texts of a column of the table on the screen, by its place from 1.
export async function column(page, place) {
  const texts = await page.locator(`#panel tbody tr > :nth-child(${place})`).allTextContents();
  return texts.map((text) => text.trim());
}
