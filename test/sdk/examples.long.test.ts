// Each program of `examples/` does what it says, against a real server.

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ava, { type ExecutionContext } from 'ava';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { type BuiltPackage, buildPackage } from './built-package.ts';
import { FaultProxy } from './fault-proxy.ts';
import { chromiumInstalled, openBrowser, openPage, servePages } from './pages.ts';

const EXAMPLES = join(import.meta.dirname, '..', '..', 'examples');
const LINES_MAX = 40;
/** From the drop's announcement to its start. */
const STARTS_MS = 6_000;
/** The first press was surely refused with as much left to the start. */
const AHEAD_MS = 1_000;
const WAIT_MAX_MS = 40_000;

let server: SaleServer;
let built: BuiltPackage;
let pages: Awaited<ReturnType<typeof servePages>>;

ava.before(async () => {
  built = buildPackage();
  cpSync(EXAMPLES, built.directory, { recursive: true });
  const folders = { client: join(built.packageDirectory, 'dist'), examples: EXAMPLES };
  pages = await servePages(folders);
  server = await SaleServer.start('embedded', { LIVEDROPS_CORS_ORIGINS: pages.origin });
});
ava.after.always(async () => {
  await server?.stop();
  pages?.close();
  built?.remove();
});

class Program {
  output = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  constructor(t: ExecutionContext, name: string, parameters: readonly string[]) {
    this.#child = spawn(process.execPath, [join(built.directory, name), ...parameters], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
    t.teardown(() => this.kill());
  }

  async end(): Promise<string> {
    await this.#ended;
    return this.output.trim();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/**
 * A buyer whose first press was refused, since the drop had not begun. A program that is too slow
 * to begin for that is ended, and another one gets twice the time.
 */
async function refusedBuyer(t: ExecutionContext) {
  for (let startsMs = STARTS_MS; ; startsMs *= 2) {
    const startsAt = new Date(Date.now() + startsMs).toISOString();
    const dropId = await server.drop(server.fresh('seller'), { startsAt });
    const proxy = await FaultProxy.start(t, server.urls[0]!);
    const token = server.token(server.fresh('buyer'));
    const file = join(built.directory, `press-${startsMs}.json`);
    const parameters = [proxy.url, token, dropId, file];
    const killed = new Program(t, 'buyer.mjs', parameters);
    await eventually(async () => proxy.replyBytes > 0, Boolean, WAIT_MAX_MS);
    if (Date.parse(startsAt) - Date.now() > AHEAD_MS) return { dropId, proxy, parameters, killed };
    await killed.kill();
  }
}

ava('G4: the buyer waits for the start, and buys once although it is killed', async (t) => {
  const text = readFileSync(join(EXAMPLES, 'buyer.mjs'), 'utf8');
  t.true(text.split('\n').length <= LINES_MAX + 1);
  const { dropId, proxy, parameters, killed } = await refusedBuyer(t);
  const sold = async () => (await server.readDrop(dropId))['sold'];
  // The server has the order, and the buyer never hears of it.
  proxy.areRepliesSilent = true;
  t.is(await eventually(sold, (count) => count === 1, WAIT_MAX_MS), 1);
  await killed.kill();
  proxy.areRepliesSilent = false;
  proxy.cutAll();
  const again = new Program(t, 'buyer.mjs', parameters);
  t.regex(await again.end(), /^\S+ confirmed$/);
  t.is(await sold(), 1);
  t.is(killed.output, '');
});

ava('G4: the fulfilment worker packs each paid order once, over kills', async (t) => {
  const creator = server.fresh('seller');
  const dropId = await server.drop(creator, { stock: 100, limitPerUser: 100 });
  const file = join(built.directory, 'orders.json');
  const parameters = [server.urls[0]!, server.token(creator, 3600, ['creator']), file];
  const orders: string[] = [];
  const place = async () => {
    const { json } = await server.order(dropId, 'buyer', `key-${orders.length}`);
    orders.push(String(json['id']));
  };
  const packs = async (program: Program, wanted: readonly string[]) => {
    const last = async () => program.output.trim().split('\n').at(-1)!.split(' ').toSorted();
    const text = wanted.toSorted().join(' ');
    const found = await eventually(last, (ids) => ids.join(' ') === text, WAIT_MAX_MS);
    t.deepEqual(found, wanted.toSorted());
  };
  await place();
  await place();
  const first = new Program(t, 'fulfilment.mjs', parameters);
  await packs(first, orders);
  await first.kill();
  await place();
  await server.post(`/v1/orders/${orders[0]}/refund`, { as: creator });
  const second = new Program(t, 'fulfilment.mjs', parameters);
  await packs(second, orders.slice(1));
});

const pageTest = chromiumInstalled ? ava : ava.skip;
pageTest('G4: the ticker shows the stock as it sells', async (t) => {
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const dropId = await server.drop(server.fresh('seller'), { stock: 3 });
  const query = new URLSearchParams({ server: server.urls[0]!, drop: dropId }).toString();
  const { page } = await openPage(t, browser, `${pages.origin}/examples/ticker.html?${query}`);
  await page.getByText('3', { exact: true }).waitFor();
  await page.getByText('live', { exact: true }).waitFor();
  await server.order(dropId, 'buyer', 'one');
  await page.getByText('2', { exact: true }).waitFor();
  await server.order(dropId, 'buyer', 'two', 2);
  await page.getByText('sold out', { exact: true }).waitFor();
  t.is(await page.getByRole('status').first().textContent(), '0');
});
