import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { LoadProcess } from '../../../bench/load/load-process.ts';
import { ordersOf, type RequestPlan } from '../../../bench/load/request-plan.ts';
import type { ClosedLoop, OpenLoop } from '../../../bench/measure.ts';

// Serial, because the servers share this process.

interface Seen {
  readonly keys: string[];
  readonly paths: string[];
}

/** A server of this test alone, and how to order from it. */
async function serve(
  t: ExecutionContext,
  answer: (response: ServerResponse, request: number) => void,
): Promise<{ plan: RequestPlan; seen: Seen; server: Server }> {
  const seen: Seen = { keys: [], paths: [] };
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      seen.keys.push(String(request.headers['idempotency-key']));
      seen.paths.push(`${request.method} ${request.url}`);
      answer(response, seen.keys.length);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const tokens = ['ann', 'bob'];
  const plan = { host: '127.0.0.1', port, paths: ['/orders'], tokens, body: '{"quantity":1}' };
  return { plan, seen, server };
}

function created(response: ServerResponse): void {
  response.writeHead(201).end('{"id":"o_1"}');
}

function closedLoop(t: ExecutionContext, generator: 'saturating' | 'autocannon'): ClosedLoop {
  const load: ClosedLoop = new LoadProcess({ generator });
  t.teardown(() => load.stop());
  return load;
}

function openLoop(t: ExecutionContext): OpenLoop {
  const load: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  t.teardown(() => load.stop());
  return load;
}

for (const generator of ['saturating', 'autocannon'] as const) {
  test.serial(
    `${generator}: every request has a key of its own, and every answer is counted`,
    async (t) => {
      const { plan, seen } = await serve(t, created);
      const load = closedLoop(t, generator);
      const result = await load.run({ plan, connections: 4, seconds: 1 });
      t.is(new Set(seen.keys).size, seen.keys.length);
      t.deepEqual(result.statuses, { 201: result.answers });
      t.true(result.answers > 0 && result.answers <= seen.keys.length);
      t.is(result.errors, 0);
      t.is(result.latency.at(-1)![1], result.maxMs);
    },
  );
}

test.serial(
  'saturating: a server that hangs up is errors, and the run ends and goes on meanwhile',
  async (t) => {
    const { plan } = await serve(t, (response, request) => {
      if (request % 10 === 0) response.socket!.destroy();
      else created(response);
    });
    const result = await closedLoop(t, 'saturating').run({ plan, connections: 4, seconds: 0.5 });
    t.true(result.errors >= 4, `${result.errors}`);
    t.true(result.answers > result.errors);
  },
);

test.serial('saturating: a missing server gives errors', async (t) => {
  const { plan, server } = await serve(t, created);
  server.close();
  await once(server, 'close');
  const result = await closedLoop(t, 'saturating').run({ plan, connections: 2, seconds: 0.1 });
  t.is(result.answers, 0);
  t.true(result.errors >= 2);
});

test.serial(
  'open loop: what is due is sent, whatever comes back, and told by kind and status',
  async (t) => {
    const { plan, seen } = await serve(t, (response) => {
      if (response.req.method === 'GET') response.writeHead(200).end('{}');
      else response.writeHead(503).end();
    });
    const { host, port } = plan;
    const read = {
      ...ordersOf(plan),
      name: 'reads',
      weight: 3,
      method: 'GET',
      body: null,
    } as const;
    const kinds = [{ ...read, paths: ['/reads'], keyed: false }, ordersOf(plan)];
    const job = { host, port, kinds, connections: 8, perSecond: 800, seconds: 0.5 };
    const { kinds: told, ...rest } = await openLoop(t).run(job);
    const [reads, orders] = [told['reads']!, told['orders']!];
    t.is(reads.due + orders.due, 400);
    t.true(orders.due > 60 && orders.due < 140, `${orders.due}`);
    const ordersSeen = seen.paths.filter((path) => path === 'POST /orders').length;
    t.is(orders.done.answers, 0);
    t.is(orders.statuses['503']!.answers, ordersSeen);
    t.is(reads.done.answers, seen.paths.length - ordersSeen);
    // A busy machine may leave the last few unsent, and that is told.
    t.is(seen.paths.length + rest.unsent, 400);
    t.true(rest.unsent < 100, `${rest.unsent}`);
    t.deepEqual([rest.answers, rest.unanswered, rest.errors], [seen.paths.length, 0, 0]);
  },
);

test.serial(
  'open loop: an order counts from when it was due, its wait for a connection included',
  async (t) => {
    const held: ServerResponse[] = [];
    const { plan } = await serve(t, (response, request) => {
      if (request > 1) created(response);
      else held.push(response);
      // The only connection is free again once the last order is due.
      if (request === 1) setTimeout(() => created(held[0]!), 300);
    });
    const job = { ...plan, kinds: [ordersOf(plan)], connections: 1, perSecond: 50, seconds: 0.5 };
    const { kinds, unsent } = await openLoop(t).run(job);
    const { done, due } = kinds['orders']!;
    t.is(due, 25);
    // A busy machine may leave the last few unsent, and that is told.
    t.is(done.answers + unsent, 25);
    t.true(unsent < 10, `${unsent}`);
    t.true(done.p50Ms > 20, `${done.p50Ms}`);
  },
);

test.serial(
  'open loop: requests lost with their connection are errors, and the run ends',
  async (t) => {
    const { plan } = await serve(t, (response) => response.socket!.destroy());
    const job = { ...plan, kinds: [ordersOf(plan)], connections: 4, perSecond: 100, seconds: 0.3 };
    const { kinds, ...rest } = await openLoop(t).run(job);
    t.true(rest.errors > 0);
    t.is(rest.answers, 0);
    t.is(rest.errors + rest.unsent, kinds['orders']!.due);
  },
);

test.serial('open loop: without a rate each connection sends after its answer', async (t) => {
  const { plan } = await serve(t, created);
  const job = { ...plan, kinds: [ordersOf(plan)], connections: 4, perSecond: null, seconds: 0.3 };
  const { kinds, answers, unsent } = await openLoop(t).run(job);
  t.true(answers > 20);
  t.is(kinds['orders']!.due, answers);
  t.is(unsent, 0);
});
