// `livedrops rehearse`: a whole sale against one's own cluster, by its public door, on a drop that
// is unlisted (D10) and costs nothing, of a creator who is nobody: without an account and without
// followers. Afterwards the creator is taken down, which cancels and hides the drop.

import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { AccessTokens } from '../../app/access-tokens.ts';
import { SigningSecrets } from '../../app/signing-secrets.ts';
import { loadStoredConfig } from '../../composition/config.ts';
import { urlHost } from '../../composition/url-host.ts';
import { CREATOR_ROLE, OPERATOR_ROLE } from '../../contracts/role-names.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { OperatorApi } from '../api-client.ts';
import { Crowd } from '../demo/crowd.ts';
import { Followers } from '../demo/followers.ts';
import { Plan } from '../demo/plan.ts';
import { type JournalOrder, proofText } from '../demo/proof.ts';
import { addProduct, announceDrop, type Creator, openDropIn } from '../demo/sale.ts';
import { format } from '../demo/screen.ts';
import { waitUntil } from '../demo/wait-until.ts';
import { judge, type RehearsalEvidence } from './report.ts';

export interface RehearseOptions {
  readonly url: string;
  /** Where operators' commands go; that of the settings unless given, or else `url`. */
  readonly operators?: string;
  readonly buyers: number;
  readonly stock: number;
  /** Who watch the drop live. */
  readonly watchers: number;
  /** Seconds until the drop opens. */
  readonly seconds: number;
  readonly yes?: true;
  readonly json?: true;
}

/** Everything that a rehearsal makes bears its name. */
interface Cast {
  readonly url: string;
  readonly name: string;
  readonly plan: Plan;
  readonly creator: Creator;
  readonly tokens: readonly string[];
  readonly api: OperatorApi;
}

const TOKEN_SECONDS = 3_600;
const CONNECTIONS_MAX = 400;
const HOLD_SECONDS = 60;
const SEED = 1;
const START_TIMEOUT_MS = 30_000;
/** It is made to open so late, and opens as soon as all watch it. */
const OPENS_LATEST_MS = 3_600_000;
const WATCH_TIMEOUT_MS = 60_000;
const SALE_TIMEOUT_MS = 300_000;
const FRAMES_TIMEOUT_MS = 10_000;
const CANCELLED_TIMEOUT_MS = 120_000;
const PAGE_LIMIT = 100;
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;
const REASON = 'The rehearsal of a sale is over.';

export async function rehearse(options: RehearseOptions): Promise<void> {
  const { url } = options;
  if (!LOOPBACK.test(new URL(url).hostname) && options.yes !== true) await confirm(options);
  const { authSecrets, operatorAddress } = loadStoredConfig();
  const secrets = new SigningSecrets(authSecrets);
  const { host, port } = operatorAddress ?? {};
  const ofSettings = host === undefined ? url : `http://${urlHost(host)}:${port}`;
  const operators = options.operators ?? ofSettings;
  const cast = castOf({ ...options, operators }, new AccessTokens({ secret: secrets }));
  // Whoever cannot take it away afterwards must not make it.
  await cast.api.takeDowns('creator', 1);
  const note = (text: string) => void process.stderr.write(`  ${text}\n`);
  const secret = secrets.signing(Date.now()).secret;
  const evidence = await play(options, cast, secret, note);
  const report = judge(evidence);
  const { acknowledged: _, orders: __, ...figures } = evidence;
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ ...figures, orders: evidence.orders.length, report }, null, 2)}\n`
      : proofText('The rehearsal', report),
  );
  if (report.some(({ passed }) => !passed)) process.exitCode = 1;
}

async function confirm({ url, buyers }: RehearseOptions): Promise<void> {
  const { host } = new URL(url);
  const what = `${format(buyers)} buyers will order at ${host}, which is not this machine`;
  if (!process.stdin.isTTY) throw new Error(`${what}: --yes says that it is yours`);
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await lines.question(`${what}.\nType its name to go on: `);
  lines.close();
  if (answer.trim() !== host) throw new Error('nothing was done');
}

function castOf(
  { url, operators, watchers }: RehearseOptions & { readonly operators: string },
  accessTokens: AccessTokens,
): Cast {
  const name = `rehearsal-${randomBytes(6).toString('hex')}`;
  const sign = (userId: string, roles: readonly string[]): string =>
    accessTokens.sign({ userId, roles, lifetimeSeconds: TOKEN_SECONDS });
  const creatorId = `${name}-creator`;
  return {
    url,
    name,
    plan: new Plan({ seed: SEED, userPrefix: `${name}-` }),
    creator: { creatorId, creatorToken: sign(creatorId, [CREATOR_ROLE]) },
    tokens: Array.from({ length: watchers }, (_, i) => sign(`${name}-watcher-${i}`, [])),
    api: new OperatorApi({ url: operators, token: () => sign('operator', [OPERATOR_ROLE]) }),
  };
}

async function play(
  options: RehearseOptions,
  cast: Cast,
  secret: string,
  note: (text: string) => void,
): Promise<RehearsalEvidence> {
  const { url, tokens } = cast;
  const address = new URL(url);
  const secure = address.protocol === 'https:';
  const followers = new Followers({ url: url.replace('http', 'ws'), tokens, onStock: () => {} });
  const crowd = new Crowd({
    host: address.hostname.replace(/^\[|\]$/g, ''),
    port: Number(address.port || (secure ? 443 : 80)),
    secure,
    authSecret: secret,
    buyers: options.buyers,
    followers: 0,
    seed: SEED,
    userPrefix: `${cast.name}-`,
    connections: Math.min(CONNECTIONS_MAX, options.buyers),
    onOrders: () => {},
  });
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort(new Error('interrupted'));
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  let evidence: Omit<RehearsalEvidence, 'leftBehind'>;
  let leftBehind: readonly string[] = [];
  try {
    note(`${format(tokens.length)} watchers connect, ${format(options.buyers)} buyers get ready`);
    evidence = await sell(options, cast, { crowd, followers, note, signal: interrupt.signal });
  } finally {
    followers.close();
    await crowd.stop();
    note('the drop is cancelled and hidden');
    leftBehind = await cleanUp(cast);
    for (const text of leftBehind) note(text);
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
  return { ...evidence, leftBehind };
}

interface SaleParts {
  readonly crowd: Crowd;
  readonly followers: Followers;
  readonly note: (text: string) => void;
  /** Ends the sale after its present step. */
  readonly signal: AbortSignal;
}

async function sell(
  options: RehearseOptions,
  cast: Cast,
  { crowd, followers, note, signal }: SaleParts,
): Promise<Omit<RehearsalEvidence, 'leftBehind'>> {
  const { buyers, stock, seconds } = options;
  const { url, name, creator, tokens } = cast;
  const description = 'A rehearsal: it is not for sale.';
  const productId = await addProduct(url, creator, { name, description, unlisted: true });
  signal.throwIfAborted();
  await Promise.all([followers.connect(), crowd.ready()]);
  signal.throwIfAborted();
  const { dropId } = await announceDrop(
    {
      url,
      stock,
      opensInMs: OPENS_LATEST_MS,
      holdSeconds: HOLD_SECONDS,
      productId,
      // What costs nothing is confirmed at once, and no payment is made.
      unitAmount: 0,
      payment: 'instant',
    },
    creator,
  );
  followers.watch(dropId, tokens.length);
  const areWatching = () => followers.receivedCount('drop.snapshot') === tokens.length;
  const isWatched = await waitUntil(WATCH_TIMEOUT_MS, () => signal.aborted || areWatching());
  signal.throwIfAborted();
  if (!isWatched) throw new Error('not all watchers received drop.snapshot');
  await openDropIn(url, creator, dropId, seconds * 1_000);
  note(`the drop ${dropId} opens in ${seconds} s`);
  const opened = await waitUntil(
    seconds * 1_000 + START_TIMEOUT_MS,
    () => signal.aborted || followers.receivedCount('drop.started') > 0,
  );
  signal.throwIfAborted();
  if (!opened) throw new Error('no watcher received drop.started');
  crowd.press(dropId);
  const { counters } = crowd;
  const isAnswered = () => counters.get('buyersAnswered') === buyers;
  await waitUntil(SALE_TIMEOUT_MS, () => signal.aborted || isAnswered());
  signal.throwIfAborted();
  const crowdFindings = await crowd.finish();
  if (buyers >= stock)
    await waitUntil(
      FRAMES_TIMEOUT_MS,
      () => followers.receivedCount('drop.sold_out') === tokens.length,
    );
  const client = new LiveDrops({ url, token: creator.creatorToken });
  const drop = await client.call('GET /v1/drops/{id}', { path: { id: dropId } });
  return {
    buyers,
    buyersAnswered: counters.get('buyersAnswered'),
    stock,
    drop,
    acknowledged: crowd.orders,
    orders: await ordersOf(client, dropId),
    repeats: counters.get('repeats'),
    retried: counters.get('retried'),
    latencies: { p50: counters.latencyMs(0.5), p99: counters.latencyMs(0.99) },
    crowdMs: counters.get('crowdMs'),
    watchers: tokens.length,
    sawStart: followers.receivedCount('drop.started'),
    sawSellOut: followers.receivedCount('drop.sold_out'),
    frames: followers.frames,
    crowdFindings,
    liveFindings: followers.findings,
    shownIn: await shownIn(cast),
  };
}

/** What a visitor finds of the creator in lists and by search, if there is any: it is unlisted. */
async function shownIn({ url, name, creator }: Cast): Promise<string[]> {
  const visitor = new LiveDrops({ url });
  const query = { creator_id: creator.creatorId };
  const { items: drops } = await visitor.call('GET /v1/drops', { query });
  const { items: products } = await visitor.call('GET /v1/products', { query });
  const shown = [
    ...drops.map(({ id }) => `GET /v1/drops shows ${id}`),
    ...products.map(({ id }) => `GET /v1/products shows ${id}`),
  ];
  try {
    const search = { query: { ...query, q: name }, triesMax: 1 };
    const { items } = await visitor.call('GET /v1/search', search);
    return [...shown, ...items.map(({ id }) => `GET /v1/search finds ${id}`)];
  } catch (error) {
    if ((error as { code?: unknown }).code === 'search-unavailable') return shown;
    throw error;
  }
}

async function ordersOf(client: LiveDrops, dropId: string): Promise<JournalOrder[]> {
  const orders: JournalOrder[] = [];
  const input = { path: { id: dropId }, query: { limit: PAGE_LIMIT } };
  for await (const order of client.items('GET /v1/drops/{id}/orders', input)) {
    const { id: orderId, userId, quantity, status } = order;
    orders.push({ orderId, userId, key: null, quantity, status });
  }
  return orders;
}

/** What could not be taken away. Harmless where nothing was made yet. */
async function cleanUp({ api, creator }: Cast): Promise<string[]> {
  const { creatorId } = creator;
  const leftBehind: string[] = [];
  const attempt = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      leftBehind.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const byHand = `livedrops sellers take-down creator ${creatorId} --cancel`;
  await attempt(`the drop is still there (${byHand})`, async () => {
    const { jobId } = await api.takeDown('creator', creatorId, {
      reason: REASON,
      cancelDrops: true,
    });
    if (jobId === null) return;
    let state = '';
    const startedAt = performance.now();
    while (state !== 'done') {
      ({ state } = await api.job(jobId));
      const isLate = performance.now() - startedAt > CANCELLED_TIMEOUT_MS;
      if (state === 'failed' || state === 'cancelled' || isLate)
        throw new Error(`the job ${jobId} is ${state}`);
      if (state !== 'done') await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });
  return leftBehind;
}
