// Data that earlier commits wrote, opened by today's tree, and what must be true of it then. The
// wall clock begins where the recording ended, so that what was live is live.

import { rmSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { eventually, type SaleClient } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import {
  recordedDirectory,
  recordedSale,
  type Recording,
  restoreRecordedKeys,
} from './recorded.ts';
import { CREATOR_EMAIL, PASSWORD, type RecordedSale } from './recorded-sale.ts';
import { VersionedNode } from './versioned-node.ts';

export interface OpenedSale {
  readonly sale: RecordedSale;
  /** A node of today's tree on the recorded data, not started. */
  readonly node: () => VersionedNode;
}

async function openDirectory(t: ExecutionContext, recording: Recording): Promise<OpenedSale> {
  const directory = recordedDirectory(recording);
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return opened(t, recordedSale(recording, 'sqlite'), { LIVEDROPS_DATA: directory });
}

async function openRedis(t: ExecutionContext, recording: Recording): Promise<OpenedSale> {
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  t.teardown(() => Promise.all([redis.stop(), nats.stop()]));
  await restoreRecordedKeys(recording, redis.url);
  return opened(t, recordedSale(recording, 'redis'), {
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
): OpenedSale {
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

export const OPENINGS = [
  { name: 'SQLite', open: openDirectory, run: test.serial },
  { name: 'Redis', open: openRedis, run: clusterInstalled ? test.serial : test.serial.skip },
] as const;

/** Each answer that was recorded is given again, byte for byte but for what was added since. */
export async function assertShown(
  t: ExecutionContext,
  client: SaleClient,
  sale: RecordedSale,
  { addedSince }: Recording,
) {
  for (const { path, as, status, text } of sale.answers) {
    const expected = { status, text: text.replaceAll(addedSince, '') };
    const read = async () => {
      const answer = await client.get(path, as === null ? {} : { as });
      return { status: answer.status, text: answer.text.replaceAll(addedSince, '') };
    };
    const shown = await eventually(
      read,
      (seen) => seen.status === status && seen.text === expected.text,
      2_000,
    );
    t.deepEqual(shown, expected, `${path} ${as}`);
  }
}

export async function assertVerified(t: ExecutionContext, client: SaleClient) {
  const token = client.token('olga', 600, ['operator']);
  const { status, json } = await client.post('/v1/operator/verify', { token });
  t.is(status, 200);
  t.deepEqual(json['findings'], []);
}

/** What can be done with data, old or new. */
export async function assertGoesOn(t: ExecutionContext, client: SaleClient, sale: RecordedSale) {
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
