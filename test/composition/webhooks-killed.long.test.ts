// A server that is killed again and again while it calls a webhook: no order is missed, calls about
// one drop stay in order, and a crash repeats the calls of one step at most.

import test from 'ava';
import { ServerProcess } from '../../operator/demo/server-process.ts';
import { AUTH_SECRET, eventually, SaleClient } from '../end-to-end/sale-client.ts';
import { COMPILE_CACHE } from '../operator/run-command.ts';
import { WebhookReceiver } from '../servers/webhook-receiver.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const ORDERS = 400;
const KILLS = 4;
/** `CALLS_OF_STEP_MAX` in app/webhooks/deliver-webhooks.ts. */
const STEP_MAX = 32;

test('R3: webhooks go on after kill -9: nothing is missed, and little comes twice', async (t) => {
  const directory = temporaryDirectory();
  const receiver = await WebhookReceiver.start();
  const server = new ServerProcess({
    environment: {
      ...COMPILE_CACHE,
      LIVEDROPS_DATA: directory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
      LIVEDROPS_LOG: 'error',
    },
  });
  t.teardown(async () => {
    await server.kill();
    await receiver.stop();
    removeDirectory(directory);
  });
  // Slow enough that a kill meets calls under way.
  receiver.behave = (_call, response) =>
    void setTimeout(() => response.writeHead(204).end(), 5).unref();
  let client = new SaleClient({ urls: [await server.start()] });
  const body = { url: receiver.url, events: ['order.confirmed'], ordering: 'drop' };
  const made = await client.post('/v1/webhooks', { as: 'ann', body });
  t.is(made.status, 201, made.text);
  receiver.secrets = [String(made.json['secret'])];
  const drops = [await client.drop('ann', { stock: ORDERS, limitPerUser: 1_000 })];
  drops.push(await client.drop('ann', { stock: ORDERS, limitPerUser: 1_000 }));
  const placed: string[] = [];
  for (let round = 0; round <= KILLS; round++) {
    const orders = Array.from({ length: ORDERS / 2 / (KILLS + 1) }, (_, i) =>
      drops.map((dropId) => client.order(dropId, 'ben', `k${round}-${i}`)),
    );
    for (const { status, json } of await Promise.all(orders.flat())) {
      t.is(status, 201);
      placed.push(String(json['id']));
    }
    if (round === KILLS) break;
    const before = receiver.calls.length;
    await eventually(
      async () => receiver.calls.length,
      (count) => count > before,
    );
    await server.kill();
    client = new SaleClient({ urls: [await server.start()] });
  }
  const orderOf = (data: Readonly<Record<string, unknown>>) =>
    data['order'] as { readonly id: string; readonly dropId: string; readonly version: number };
  const arrived = () => new Set(receiver.calls.map(({ json }) => orderOf(json.data).id));
  await eventually(
    async () => arrived().size,
    (count) => count === placed.length,
    60_000,
  );
  t.deepEqual([...arrived()].toSorted(), placed.toSorted());
  t.true(receiver.calls.every(({ isVerified }) => isVerified));
  const repeated = receiver.calls.length - placed.length;
  t.true(repeated <= KILLS * STEP_MAX, `${repeated} calls came twice`);
  const ids = new Set(receiver.calls.map(({ id }) => id));
  t.is(ids.size, placed.length, 'a repeat has the id of the first');
  for (const dropId of drops) {
    const seen = new Set<string>();
    const firsts = receiver.calls.filter(({ id, json }) => {
      const isFirst = !seen.has(id) && orderOf(json.data).dropId === dropId;
      seen.add(id);
      return isFirst;
    });
    const versions = firsts.map(({ json }) => orderOf(json.data).version);
    t.deepEqual(
      versions,
      versions.toSorted((a, b) => a - b),
    );
  }
  t.true(await server.stop());
});
