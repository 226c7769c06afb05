// Data that commit 9994b20 wrote, opened by today's tree: everything is there as it was shown then,
// the sale goes on, and a crash in the middle of the upgrade loses nothing. The wall clock begins
// where the recording ended, so that what was live is live.

import { rmSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { eventually, type SaleClient } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { recordedDirectory, recordedSale, restoreRecordedKeys } from './recorded.ts';
import { CREATOR_EMAIL, PASSWORD, type RecordedSale } from './recorded-sale.ts';
import { VersionedNode } from './versioned-node.ts';

const TIMEOUT_MS = 240_000;
/** Kills of a node that has just begun, each a little later than the one before. */
const KILLS = 4;
const KILL_STEP_MS = 150;

interface Opened {
  readonly sale: RecordedSale;
  /** A node of today's tree on the recorded data, not started. */
  readonly node: () => VersionedNode;
}

async function openDirectory(t: ExecutionContext): Promise<Opened> {
  const directory = recordedDirectory();
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return opened(t, recordedSale('sqlite'), { LIVEDROPS_DATA: directory });
}

async function openRedis(t: ExecutionContext): Promise<Opened> {
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  t.teardown(() => Promise.all([redis.stop(), nats.stop()]));
  await restoreRecordedKeys(redis.url);
  return opened(t, recordedSale('redis'), {
    LIVEDROPS_DATA: `${redis.directory}/node`,
    LIVEDROPS_NODE_ID: 'north',
    LIVEDROPS_STORE: redis.url,
    LIVEDROPS_NATS: nats.url,
  });
}

function opened(
  t: ExecutionContext,
  sale: RecordedSale,
  environment: Readonly<Record<string, string>>,
): Opened {
  // The clock goes on between two runs: of two, the later one is known by its start.
  const openedAt = Date.now();
  const node = (): VersionedNode => {
    const clockAt = sale.recordedAt + Date.now() - openedAt;
    const made = new VersionedNode({ environment, clockAt });
    t.teardown(() => made.stop('SIGKILL'));
    return made;
  };
  return { sale, node };
}

const PROFILES = [
  { name: 'SQLite', open: openDirectory, run: test.serial },
  { name: 'Redis', open: openRedis, run: clusterInstalled ? test.serial : test.serial.skip },
] as const;

/** A page of drops now ends with its age (D4a), which no recorded answer has. */
const AS_OF = /,"asOf":"[^"]*"\}$/;
/** Products and drops show their revision now (H12), and the own profile `emailConfirmed` (A7). */
const ADDED_SINCE = /,"revision":[0-9]+|,"emailConfirmed":false/g;

/** Each answer that was recorded is given again, byte for byte but for what was added since. */
async function assertShown(t: ExecutionContext, client: SaleClient, sale: RecordedSale) {
  for (const { path, as, status, text } of sale.answers) {
    const read = async () => {
      const answer = await client.get(path, as === null ? {} : { as });
      const shown = answer.text.replace(AS_OF, '}').replaceAll(ADDED_SINCE, '');
      return { status: answer.status, text: shown };
    };
    const shown = await eventually(
      read,
      (seen) => seen.status === status && seen.text === text,
      2_000,
    );
    t.deepEqual(shown, { status, text }, `${path} ${as}`);
  }
}

async function assertVerified(t: ExecutionContext, client: SaleClient) {
  const token = client.token('olga', 600, ['operator']);
  const { status, json } = await client.post('/v1/operator/verify', { token });
  t.is(status, 200);
  t.deepEqual(json['findings'], []);
}

/** What can be done with data, old or new. */
async function assertGoesOn(t: ExecutionContext, client: SaleClient, sale: RecordedSale) {
  const { drops, orders, creator, recordedAt } = sale;
  const logIn = { email: CREATOR_EMAIL, password: PASSWORD };
  t.is((await client.post('/v1/auth/login', { body: logIn })).status, 200);
  t.is((await client.order(drops['live']!, 'new', 'k')).status, 201);
  const known = sale.answers.find(({ path, as }) => path === '/v1/orders' && as === 'u0')!;
  const { id } = (JSON.parse(known.text) as { items: [{ id: string }] }).items[0];
  const replayed = await client.order(drops['large']!, 'u0', 'k');
  t.is(replayed.json['id'], id, 'the key of an order in the snapshot is known (O3)');
  t.is((await client.order(drops['sealed']!, 'new', 'k')).status, 409);
  const paid = { reference: 'pi_later', time: recordedAt };
  t.is((await client.webhook('payment.succeeded', orders['reserved']!, paid)).status, 200);
  const repeated = { reference: 'pi_of_the_provider_1', time: recordedAt };
  t.is((await client.webhook('payment.succeeded', orders['confirmed']!, repeated)).status, 200);
  const refunded = await client.post(`/v1/orders/${orders['sealed']!}/refund`, { as: creator });
  t.like(refunded.json, { status: 'refunded' }, 'an order of a sealed drop');
  t.is((await client.post(`/v1/creators/${creator}/follow`, { as: 'new' })).status, 204);
  const notifications = await eventually(
    () => client.listAll('/v1/orders', 'new'),
    (items) => items.length === 1,
  );
  t.is(notifications.length, 1);
}

for (const { name, open, run } of PROFILES) {
  run(`what 9994b20 wrote is shown as it was, verifies, and goes on (${name})`, async (t) => {
    t.timeout(TIMEOUT_MS);
    const { sale, node } = await open(t);
    const first = node();
    const client = await first.start();
    await assertShown(t, client, sale);
    const token = client.token('olga', 600, ['operator']);
    const actions = await client.get('/v1/operator/actions', { token });
    t.regex(actions.text, /"action":"rebuild"/);
    await assertVerified(t, client);
    await assertGoesOn(t, client, sale);
    await assertVerified(t, client);
    const before = (await client.get('/v1/orders?limit=100', { as: 'new' })).text;
    t.is(await first.stop(), 0);

    const again = await node().start();
    t.is((await again.get('/v1/orders?limit=100', { as: 'new' })).text, before);
    await assertVerified(t, again);
  });

  run(`a kill -9 in the middle of the upgrade from 9994b20 loses nothing (${name})`, async (t) => {
    t.timeout(TIMEOUT_MS);
    const { sale, node } = await open(t);
    for (let kill = 1; kill <= KILLS; kill++) {
      const killed = node();
      const started = killed.start().catch(() => null);
      await new Promise((resolve) => setTimeout(resolve, kill * KILL_STEP_MS));
      await killed.stop('SIGKILL');
      await started;
    }
    const late = node();
    await late.start();
    await late.stop('SIGKILL');
    const client = await node().start();
    await assertShown(t, client, sale);
    await assertVerified(t, client);
    await assertGoesOn(t, client, sale);
  });
}
