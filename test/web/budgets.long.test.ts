// What the pages may cost a buyer: bytes until the first view is there, and how much it moves.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { Request } from 'playwright-core';
import { eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium, openPage } from '../servers/chromium.ts';
import { account, startShop } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const SCRIPT_BYTES_MAX = 45 * 1024;
const STYLE_BYTES_MAX = 12 * 1024;
/** Cumulative layout shift, https://web.dev/articles/cls. */
const SHIFT_MAX = 0.02;
const COUNTDOWN_ERROR_MAX_MS = 100;
const WEB = join(import.meta.dirname, '..', '..', 'web');

/** Adds all shifts up, which is never less than the largest session of them. */
const WATCH_SHIFTS = `{
  globalThis.shifted = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries())
      if (!hadRecentInput) globalThis.shifted += value;
  }).observe({ type: 'layout-shift', buffered: true });
}`;

run(
  'U4: first pages load at most 45 KB of script and 12 KB of style, and stand still',
  async (t) => {
    t.timeout(400_000);
    const server = await startShop(t, 'embedded');
    const creator = await account(server);
    const dropId = await server.drop(creator, { stock: 40 });
    for (let i = 0; i < 3; i++) await server.drop(creator, { stock: 40 });
    await eventually(
      async () => (await server.get('/v1/search?type=drops')).json['items'] as object[],
      ({ length }) => length === 4,
      60_000,
    );
    const browser = await openChromium(t);
    for (const viewport of [
      { width: 1_280, height: 720 },
      { width: 390, height: 780 },
    ]) {
      for (const [path, ready] of [
        ['/', '40 of 40'],
        [`/drops/${dropId}`, 'of 40 left'],
      ] as const) {
        const { page, troubles } = await openPage(browser, { viewport });
        const loaded: Request[] = [];
        page.on('requestfinished', (request) => loaded.push(request));
        await page.addInitScript(WATCH_SHIFTS);
        await page.goto(`${server.urls[0]}${path}`);
        await page.getByText(ready).first().waitFor();
        const bytesOf = async (type: string): Promise<number> => {
          const own = loaded.filter((request) => request.resourceType() === type);
          t.true(own.length > 0);
          for (const request of own)
            t.is(await (await request.response())!.headerValue('content-encoding'), 'br');
          const sizes = await Promise.all(own.map((request) => request.sizes()));
          return sizes.reduce((sum, { responseBodySize }) => sum + responseBodySize, 0);
        };
        const view = `${path} at ${viewport.width} px`;
        const [script, style] = [await bytesOf('script'), await bytesOf('stylesheet')];
        t.true(script <= SCRIPT_BYTES_MAX, `${view}: ${script} bytes of script`);
        t.true(style <= STYLE_BYTES_MAX, `${view}: ${style} bytes of style`);
        const shifted = Number(await page.evaluate('shifted'));
        t.true(shifted <= SHIFT_MAX, `${view}: shifted by ${shifted}`);
        t.log(`${view}: script ${script}, style ${style}, shift ${shifted.toFixed(4)}`);
        t.deepEqual(troubles, []);
        await page.context().close();
      }
    }
  },
);

run(
  'U1: with the clock an hour off a countdown is right within 100 ms, and only falls',
  async (t) => {
    t.timeout(400_000);
    const server = await startShop(t, 'embedded');
    const creator = await account(server);
    const start = Date.now() + 1_800_000;
    const dropId = await server.drop(creator, {
      startsAt: new Date(start).toISOString(),
      endsAt: new Date(start + 3_600_000).toISOString(),
    });
    const browser = await openChromium(t);
    for (const offset of [3_600_000, -3_600_000]) {
      const { page } = await openPage(browser);
      await page.addInitScript(`{
      const { now } = Date;
      Date.now = () => now() + ${offset};
      globalThis.drawn = [];
      new MutationObserver(() => {
        const text = document.querySelector('[role=timer]')?.textContent;
        if (text && text !== drawn.at(-1)?.text) drawn.push({ text, at: now() });
      }).observe(document, { childList: true, subtree: true, characterData: true });
    }`);
      await page.goto(`${server.urls[0]}/drops/${dropId}`);
      const drawn = await eventually(
        async (): Promise<readonly { text: string; at: number }[]> => await page.evaluate('drawn'),
        ({ length }) => length > 6,
      );
      // Before the server has told its clock, the page shows the device's.
      const known = drawn.filter(({ text }) => /^(29|30):\d\d$/.test(text));
      t.true(known.length > 4, JSON.stringify(drawn));
      const secondsOf = (text: string): number => {
        const [minutes = 0, seconds = 0] = text.split(':').map(Number);
        return minutes * 60 + seconds;
      };
      const left = known.map(({ text }) => secondsOf(text));
      t.deepEqual(
        left,
        left.toSorted((a, b) => b - a),
      );
      // Of changes of the text, but for the first one, whose second had begun. The machine may hold
      // up some of them, and not all.
      const errors = known.slice(1).map(({ at }, i) => Math.abs(start - left[i + 1]! * 1_000 - at));
      t.true(Math.min(...errors) < COUNTDOWN_ERROR_MAX_MS, errors.join());
      await page.context().close();
    }
  },
);

test('U4: styles name logical sides alone, so that pages can turn', (t) => {
  const physical = /(^|[\s;{])((margin|padding|border|scroll-margin)-)?(left|right)\b[\w-]*\s*:/;
  const aligned = /(text-align|float|clear)\s*:\s*(left|right)/;
  const files = readdirSync(WEB, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.css') && !file.startsWith('dist'),
  );
  t.true(files.length > 3);
  for (const file of files) {
    const lines = readFileSync(join(WEB, file), 'utf8').split('\n');
    t.deepEqual(
      lines.filter((line) => physical.test(line) || aligned.test(line)),
      [],
      file,
    );
  }
});
