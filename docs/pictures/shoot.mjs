// Takes the pictures of the documents: of the page, of terminals, of pprof and of speedscope. Run by scripts/pictures.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [work, place] = process.argv.slice(2);
const tools = createRequire(process.env.NPM_TOOLS);
const { chromium } = tools('playwright-core');
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });

/// Opens an address in a window of that size, and takes what `use` leaves on it.
async function shoot(name, url, { width = 1200, height = 600, dark = false }, use) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' });
  const page = await context.newPage();
  await page.goto(url);
  const part = await use(page);
  const path = join(place, `${name}.png`);
  await (part ? part.screenshot({ path }) : page.screenshot({ path, fullPage: true }));
  await context.close();
}

/// A tab of the page that `lockprof html` writes.
async function shootTab(name, title, options, use = () => {}) {
  await shoot(name, pathToFileURL(join(work, 'page.html')).href, options, async (page) => {
    await page.waitForFunction(() => window.app);
    await page.getByRole('tab', { name: title, exact: true }).click();
    await use(page);
  });
}

/// What stood in a terminal, with its colours, drawn by the terminal of a browser.
async function shootTerminal(name, columns) {
  const text = (await readFile(join(work, `${name}.ansi`), 'utf8')).trimEnd();
  const rows = text.split('\n').length;
  await shoot(name, 'about:blank', { width: 1600, height: 900 }, async (page) => {
    await page.setContent('<div id="terminal" style="display: inline-block; padding: 10px; background: #1d1f21"></div>');
    await page.addStyleTag({ path: tools.resolve('@xterm/xterm/css/xterm.css') });
    await page.addScriptTag({ path: tools.resolve('@xterm/xterm/lib/xterm.js') });
    await page.evaluate(([lines, cols, height]) => new Promise((done) => {
      const theme = { background: '#1d1f21', foreground: '#e0e0e0' };
      const terminal = new window.Terminal({ cols, rows: height, fontSize: 14, lineHeight: 1.15, fontFamily: 'DejaVu Sans Mono', theme, cursorBlink: false });
      terminal.open(document.getElementById('terminal'));
      // Without the cursor, which is not part of what was said.
      terminal.write(`\x1b[?25l${lines.replaceAll('\n', '\r\n')}`, () => requestAnimationFrame(() => requestAnimationFrame(done)));
    }), [text, columns, rows]);
    return page.locator('#terminal');
  });
}

try {
  await shootTab('page-locks', 'Locks', { width: 1500, height: 300 });
  await shootTab('page-flame-dark', 'Flame graph', { width: 1300, height: 300, dark: true }, async (page) => {
    await page.getByLabel('Above the stacks').selectOption({ label: 'locks' });
  });
  await shootTab('page-edges', 'Who waits for whom', { width: 1300, height: 300 });
  await shootTab('page-edges-dark', 'Who waits for whom', { width: 1300, height: 300, dark: true });
  await shootTerminal('summary', 118);
  await shootTerminal('top', 118);
  await shoot('pprof', `http://127.0.0.1:${process.env.PPROF_PORT}/ui/flamegraph`, { height: 240 }, async (page) => {
    // Of Go 1.19 and before, and of later ones.
    await page.waitForFunction(() => document.querySelectorAll('.d3-flame-graph g, #stack-chart > div').length > 3);
    // That of Go 1.19 and before grows into its place, in as long as the machine takes.
    await page.waitForFunction(() => {
      const bars = [...document.querySelectorAll('.d3-flame-graph rect')];
      return bars.length === 0 || bars.some((bar) => bar.getBoundingClientRect().width > 1070);
    });
    await page.waitForTimeout(1000);
  });
  await shoot('speedscope', process.env.SPEEDSCOPE, { height: 300 }, async (page) => {
    await page.waitForFunction(() => document.body.textContent.includes('/6)'));
    // By stack, instead of in an order of time that a sum has none of.
    await page.getByText('Left Heavy').click();
    await page.waitForTimeout(500);
  });
} finally {
  await browser.close();
}
