// Two nodes' brokers over a real nats-server, which also stops, hangs and comes back.

import ava, { type TestFn } from 'ava';
import { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { brokerOptions } from '../../moleculer.config.ts';
import { createCallAction } from '../../services/moleculer/call-action.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';

const test = (natsInstalled ? ava : ava.skip) as TestFn;

/** Far below any time limit: a call refused by then was refused at once. */
const SOON_MS = 1_500;
/** More than a socket's buffers hold while nothing reads them. */
const FLOOD_CALLS = 300;
const FLOOD_BYTES = 100_000;

interface Pair {
  readonly server: NatsServer;
  readonly caller: ServiceBroker;
  readonly callee: ServiceBroker;
}

async function withPair(use: (pair: Pair) => Promise<void>): Promise<void> {
  const server = await NatsServer.start();
  const brokers = ['caller', 'callee'].map(
    (nodeId) =>
      new ServiceBroker(
        brokerOptions({ nodeId, natsUrl: server.url, log: pino({ level: 'silent' }) }),
      ),
  );
  const [caller, callee] = [brokers[0]!, brokers[1]!];
  callee.createService({
    name: 'probe',
    actions: {
      echo: (context: { params: unknown; meta: unknown }) => ({
        params: context.params,
        meta: context.meta,
      }),
      /** Never answers. */
      silent: () => new Promise(() => undefined),
    },
  });
  try {
    await Promise.all(brokers.map((broker) => broker.start()));
    await caller.waitForServices('probe', 5_000, 20);
    await use({ server, caller, callee });
  } finally {
    await Promise.all(brokers.map((broker) => broker.stop()));
    await server.stop();
  }
}

const echo = (
  caller: ServiceBroker,
  params: object,
  timeout = 5_000,
): Promise<{ params: unknown }> => caller.call('probe.echo', params, { nodeID: 'callee', timeout });

/** Whether a call succeeds. For calls that may be lost. */
const reaches = (caller: ServiceBroker): Promise<boolean> =>
  echo(caller, {}, 100).then(
    () => true,
    () => false,
  );

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves to the refusal, and asserts that it did not wait for a time limit. */
async function refusedSoon(t: { true(value: boolean): unknown }, call: Promise<unknown>) {
  const startedAt = performance.now();
  const error = await call.then(
    () => null,
    (reason: unknown) => reason as { type?: string },
  );
  t.true(performance.now() - startedAt < SOON_MS);
  return error?.type;
}

test('nodes find each other’s services, and values cross the network as they are', (t) =>
  withPair(async ({ caller }) => {
    const params = {
      bytes: new Uint8Array([0, 1, 255]),
      text: 'naïve ☃',
      nothing: null,
      times: [1_800_000_000_000, 0.5],
      map: { 'a.b': true },
    };
    const { params: got } = await echo(caller, params);
    t.deepEqual(Buffer.from((got as typeof params).bytes), Buffer.from(params.bytes));
    t.deepEqual({ ...(got as typeof params), bytes: params.bytes }, params);
  }));

test('H4: metadata goes along with a call to another node', (t) =>
  withPair(async ({ caller }) => {
    const answer = await caller.call<{ meta: object }, object>(
      'probe.echo',
      {},
      { meta: { traceparent: '00-1-2-01' } },
    );
    t.like(answer.meta, { traceparent: '00-1-2-01' });
  }));

test('a call to a node that has stopped is refused at once', (t) =>
  withPair(async ({ caller, callee }) => {
    await callee.stop();
    await until(() => !caller.registry.nodes.get('callee')?.available);
    t.is(await refusedSoon(t, echo(caller, {})), 'SERVICE_NOT_FOUND');
    const call = createCallAction(caller);
    t.like(await call('orders.list', { userId: 'u', page: { limit: 1, cursor: null } }), {
      ok: false,
      code: 'unavailable',
    });
  }));

test('D4a: a list that a node does not answer comes from another within a second', (t) =>
  withPair(async ({ server, caller, callee }) => {
    const third = new ServiceBroker(
      brokerOptions({ nodeId: 'third', natsUrl: server.url, log: pino({ level: 'silent' }) }),
    );
    let asked = 0;
    const page = { ok: true, value: { items: [], nextCursor: null } };
    const silent = () => {
      asked += 1;
      return new Promise<never>(() => undefined);
    };
    callee.createService({ name: 'orders', actions: { list: silent } });
    third.createService({ name: 'orders', actions: { list: () => page } });
    try {
      await third.start();
      await until(async () => {
        const called = caller.call('orders.list', {}, { nodeID: 'third', timeout: 100 });
        return await called.then(
          () => true,
          () => false,
        );
      });
      await until(() => endpointCount(caller, 'orders.list') === 2);
      const call = createCallAction(caller);
      for (let i = 0; i < 4; i++) {
        const beganAt = performance.now();
        const params = { userId: 'u', page: { limit: 1, cursor: null } };
        t.deepEqual(await call('orders.list', params), page as never);
        t.true(performance.now() - beganAt < SOON_MS);
      }
      t.true(asked >= 1);
    } finally {
      await third.stop();
    }
  }));

function endpointCount(broker: ServiceBroker, action: string): number {
  const actions = broker.registry.getActionList({ withEndpoints: true });
  return actions.find(({ name }) => name === action)?.count ?? 0;
}

test('while NATS is away calls to other nodes are refused at once; then they succeed', (t) =>
  withPair(async ({ server, caller }) => {
    await server.halt('SIGKILL');
    await until(async () => {
      const answer = caller.call('probe.silent', {}, { nodeID: 'callee', timeout: 50 });
      return answer.then(
        () => false,
        (error: { type?: string }) => error.type === 'BAD_GATEWAY',
      );
    });
    t.is(await refusedSoon(t, echo(caller, {})), 'BAD_GATEWAY');
    await server.resume();
    await until(() => reaches(caller));
    t.deepEqual((await echo(caller, { again: true })).params, { again: true });
  }));

test('a server that hangs with full buffers is left, and used again when it resumes', (t) =>
  withPair(async ({ server, caller }) => {
    server.signal('SIGSTOP');
    const load = new Uint8Array(FLOOD_BYTES);
    const calls = Array.from({ length: FLOOD_CALLS }, () =>
      caller
        .call('probe.silent', { load }, { nodeID: 'callee', timeout: 100 })
        .catch((error: { type?: string }) => error.type),
    );
    t.true((await Promise.all(calls)).every((type) => type === 'REQUEST_TIMEOUT'));
    // The client notices once its pings get no answer.
    await until(async () => (await refusedSoon(t, echo(caller, {}, 50))) === 'BAD_GATEWAY');
    server.signal('SIGCONT');
    await until(() => reaches(caller));
    t.pass();
  }));

test('a node stops within its bound while NATS is away or hangs', async (t) => {
  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    const server = await NatsServer.start();
    const log = pino({ level: 'silent' });
    const broker = new ServiceBroker(brokerOptions({ nodeId: 'only', natsUrl: server.url, log }));
    await broker.start();
    if (signal === 'SIGKILL') await server.halt('SIGKILL');
    else server.signal(signal);
    const startedAt = performance.now();
    await broker.stop();
    t.true(performance.now() - startedAt < 5_000);
    await server.stop();
  }
});
