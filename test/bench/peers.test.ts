// The peers of the comparison sell a drop by the rules that a measurement relies on. The bench's
// own code starts them; without their packages and programs the tests are skipped.

import test, { type ExecutionContext } from 'ava';
import type { RequestPlan } from '../../bench/load/request-plan.ts';
import { orderPeers } from '../../bench/servers/order-peers.ts';
import type { OrderServer } from '../../bench/servers/order-server.ts';
import { arePeersInstalled } from '../../bench/servers/peers/packages.ts';
import { findPostgres, findRedis } from '../../bench/servers/peers/programs.ts';

const STOCK = 5;
const RUSHES = 5;

const canRun: Readonly<Record<string, boolean>> = {
  'uws-redis': arePeersInstalled() && findRedis() !== null,
  'fastify-redis': arePeersInstalled() && findRedis() !== null,
  postgres: arePeersInstalled() && findPostgres('postgres') !== null,
  'durable-objects': arePeersInstalled(),
};

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Request {
  /** Which of the plan's buyers. */
  readonly buyer: number;
  readonly key?: string;
  readonly token?: string;
  readonly body?: string;
}

async function send(plan: RequestPlan, request: Request): Promise<Answer> {
  const { buyer, key, token = plan.tokens[buyer]!, body = plan.body } = request;
  const response = await fetch(`http://${plan.host}:${plan.port}${plan.paths[0]!}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body,
  });
  return {
    status: response.status,
    replayed: response.headers.get('idempotency-replayed') === 'true',
    body: (await response.json()) as Answer['body'],
  };
}

/** What it answered 201 with, and the code of what it refused. */
async function repliesTo(plan: RequestPlan, requests: readonly Request[]): Promise<unknown[]> {
  const answers = await Promise.all(requests.map((request) => send(plan, request)));
  return answers.map(({ status, body }) => (status === 201 ? 201 : [status, body['code']]));
}

async function started(t: ExecutionContext, server: OrderServer): Promise<void> {
  t.teardown(() => server.stop());
  await server.start();
}

/** Everybody orders twice with one key, all at once, and wants the last unit. */
async function rush(t: ExecutionContext, plan: RequestPlan): Promise<void> {
  const buyers = Array.from({ length: STOCK + 3 }, (_, buyer) => ({ buyer, key: 'one' }));
  const pairs = await Promise.all(
    buyers.map((request) => Promise.all([send(plan, request), send(plan, request)])),
  );
  for (const [one, other] of pairs) t.deepEqual(one.body, other.body);
  const sold = pairs.filter(([{ status }]) => status === 201);
  t.is(new Set(sold.map(([{ body }]) => body['id'])).size, STOCK);
  const refused = pairs.filter(([{ status }]) => status !== 201);
  for (const [{ body }] of refused) t.is(body['code'], 'sold-out');
}

for (const server of orderPeers()) {
  const tested = canRun[server.key] === true ? test : test.skip;

  tested(`${server.key}: sells what there is, once for each key, to whom it may`, async (t) => {
    await started(t, server);
    const plan = await server.drop(STOCK);

    const first = await send(plan, { buyer: 0, key: 'one' });
    t.is(first.status, 201);
    t.regex(String(first.body['createdAt']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const dropId = plan.paths[0]!.split('/')[3]!;
    t.like(first.body, { dropId, userId: 'buyer-0', quantity: 1, status: 'confirmed' });
    t.like(first.body, { totalAmount: 12_000, currency: 'EUR', version: 2 });

    const again = await send(plan, { buyer: 0, key: 'one' });
    t.deepEqual(again, { ...first, replayed: true });
    t.false(first.replayed);

    const rest = [1, 2, 3, 4].map((buyer) => ({ buyer, key: 'one' }));
    t.deepEqual(await repliesTo(plan, rest), [201, 201, 201, 201]);
    const late = { buyer: 5, key: 'one' };
    t.deepEqual(await repliesTo(plan, [late]), [[409, 'sold-out']]);
    t.deepEqual((await send(plan, { buyer: 0, key: 'one' })).body, first.body);

    const strange: Request[] = [
      { buyer: 0, key: 'one', body: '{"quantity":2}' },
      { buyer: 0 },
      { buyer: 0, key: 'two', token: `${plan.tokens[0]!.slice(0, -2)}xx` },
      { buyer: 0, key: 'two', body: '{"quantity":"1"}' },
      { buyer: 0, key: 'two', body: '{"quantity":1' },
    ];
    t.deepEqual(await repliesTo(plan, strange), [
      [422, 'idempotency-key-reused'],
      [400, 'idempotency-key-missing'],
      [401, 'unauthenticated'],
      [400, 'invalid-request'],
      [400, 'invalid-request'],
    ]);

    for (let i = 0; i < RUSHES; i++) await rush(t, await server.drop(STOCK));

    // The limit for each buyer is 1,000 units.
    const large = await server.drop(10_000);
    const whole = await send(large, { buyer: 0, key: 'one', body: '{"quantity":1000}' });
    t.is(whole.status, 201);
    const over = [
      { buyer: 0, key: 'two' },
      { buyer: 1, key: 'two' },
    ];
    t.deepEqual(await repliesTo(large, over), [[409, 'limit-per-user'], 201]);

    t.true(server.cpuMicros() > 0);
    t.true(server.residentBytes() > 1e6);
  });
}
