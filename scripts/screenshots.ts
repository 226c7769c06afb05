// `npm run screenshots`: takes a picture of every view of the pages and of its states, wide and
// narrow, light and dark, into `screenshots/`. `-- --only studio/` takes those whose name begins
// so.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';
import { ServerProcess } from '../operator/demo/server-process.ts';
import type { LiveDrops } from '../sdk/client.ts';
import { endView, openView } from './screenshots/open-view.ts';
import { person, smallShop } from './screenshots/small-shop.ts';
import { Warehouse } from './screenshots/warehouse.ts';
import { EMPTY_VIEWS, type View, type Viewer, picturedOf } from './screenshots/views.ts';

const FOLDER = join(import.meta.dirname, '..', 'screenshots');
/** Where Debian's package has it. */
const CHROMIUM = '/usr/bin/chromium';
const WIDTHS = [1_280, 390, 320] as const;
const HEIGHT = 800;
const SCHEMES = ['light', 'dark'] as const;
const SECRET_BYTES = 32;
const READY_MAX_MS = 20_000;
/** The machine may be busy with something else. */
const START_MAX_MS = 120_000;
/** For what comes after the first text: charts, pictures, the notice of being offline. */
const SETTLE_MS = 400;
/** Pictures below the fold are loaded as well: the whole page is taken. */
const LOADED = `Promise.race([
  new Promise((resolve) => setTimeout(resolve, 5_000)),
  Promise.all([...document.images].map((image) => {
    image.loading = 'eager';
    return image.decode().catch(() => undefined);
  })),
])`;

type People = Readonly<Partial<Record<Viewer, LiveDrops>>>;

interface Look {
  readonly width: number;
  readonly colorScheme: (typeof SCHEMES)[number];
}

const LOOKS: readonly Look[] = WIDTHS.flatMap((width) =>
  SCHEMES.map((colorScheme) => ({ width, colorScheme })),
);

/** A browser's session, in which the one who looks is logged in. */
async function contextOf(
  browser: Browser,
  { width, colorScheme }: Look,
  client: LiveDrops | undefined,
  url: string,
): Promise<BrowserContext> {
  const session = client?.session.current ?? null;
  const localStorage = [{ name: `livedrops:session:${url}`, value: JSON.stringify(session) }];
  return await browser.newContext({
    viewport: { width, height: HEIGHT },
    colorScheme,
    locale: 'en-GB',
    reducedMotion: 'reduce',
    serviceWorkers: 'block',
    storageState: { cookies: [], origins: session === null ? [] : [{ origin: url, localStorage }] },
  });
}

async function take(context: BrowserContext, url: string, view: View, look: Look): Promise<void> {
  const { network = 'well' } = view;
  const page = await context.newPage();
  try {
    page.setDefaultTimeout(READY_MAX_MS);
    await openView(page, url, view);
    if (network === 'well') await page.evaluate(LOADED);
    await page.waitForTimeout(SETTLE_MS);
    const path = join(FOLDER, `${view.name}-${look.width}-${look.colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${view.name}, ${look.width} px: ${String(error)}\n`);
  } finally {
    await endView(page);
    await page.close();
  }
}

async function takeAll(
  browser: Browser,
  url: string,
  views: readonly View[],
  people: People,
): Promise<void> {
  for (const look of LOOKS) {
    for (const [viewer, own] of Map.groupBy(views, (view) => view.as)) {
      await using context = await contextOf(browser, look, people[viewer], url);
      for (const view of own) await take(context, url, view, look);
    }
  }
}

const { only } = parseArgs({ options: { only: { type: 'string', default: '' } } }).values;
const isWanted = ({ name }: View): boolean => name.startsWith(only);
const dataDirectory = mkdtempSync(join(tmpdir(), 'livedrops-screenshots-'));
const authSecret = randomBytes(SECRET_BYTES).toString('base64url');
const server = new ServerProcess({
  readyTimeoutMs: START_MAX_MS,
  environment: {
    LIVEDROPS_DATA: dataDirectory,
    LIVEDROPS_PORT: '0',
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_LOG: 'error',
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
    LIVEDROPS_AUTH_SECRET: authSecret,
    LIVEDROPS_PAYMENT_SECRET: `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`,
  },
});
const warehouse = await Warehouse.start();
try {
  const url = await server.start();
  await using browser = await chromium.launch({
    executablePath: CHROMIUM,
    // Containers have no namespaces for its sandbox, and little shared memory.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
  const newcomer = await person(url, 'Nina Novak');
  await takeAll(browser, url, EMPTY_VIEWS.filter(isWanted), { newcomer });
  const shop = await smallShop(url, { authSecret, hookUrl: warehouse.url });
  await takeAll(browser, url, picturedOf(shop).filter(isWanted), shop);
  process.stdout.write(`The pictures are in ${FOLDER}.\n`);
} finally {
  await server.stop();
  await warehouse.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
}
