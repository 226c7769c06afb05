// Two brokers over one transporter: values through the serializer, and faults of remote services.

import test, { type ExecutionContext } from 'ava';
import { ServiceBroker, type ServiceSchema } from 'moleculer';
import { refusal, success } from '../../domain/refusal.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import { createCallAction } from '../../services/moleculer/call-action.ts';

interface Answer {
  readonly isBytes: boolean;
  readonly bytes: Uint8Array;
}

let pairs = 0;

/** A broker with the service, and one that calls it. */
async function startPair(
  t: ExecutionContext,
  schema: ServiceSchema,
  requestTimeout = 5_000,
): Promise<{ caller: ServiceBroker; owner: ServiceBroker }> {
  pairs += 1;
  const [caller, owner] = ['caller', 'owner'].map((nodeId) => {
    const options = brokerOptions({ nodeId, natsUrl: null, log: null });
    const namespace = `${options.namespace}-${pairs}`;
    return new ServiceBroker({ ...options, namespace, requestTimeout, transporter: 'Fake' });
  }) as [ServiceBroker, ServiceBroker];
  owner.createService(schema);
  await Promise.all([caller.start(), owner.start()]);
  t.teardown(async () => {
    await Promise.all([caller.stop(), owner.stop()]);
  });
  await caller.waitForServices(schema.name, 5_000, 5);
  return { caller, owner };
}

test('values come through the network as they were', async (t) => {
  const echo: ServiceSchema = { name: 'echo', actions: { give: (context) => context.params } };
  const { caller } = await startPair(t, echo);
  const value = {
    text: 'naïve ✓ 🎉',
    empty: '',
    whole: 2 ** 53 - 1,
    negative: -(2 ** 40),
    fraction: 0.1,
    yes: true,
    nothing: null,
    nested: [{ deep: [[1], [], {}] }],
    time: 1_800_000_000_000,
  };
  for (let i = 0; i < 3; i++) t.deepEqual(await caller.call('echo.give', value), value);
});

test('bytes come through the network intact, as a Buffer or a plain view', async (t) => {
  const echo: ServiceSchema = {
    name: 'echo',
    actions: {
      give: (context) => ({
        isBytes: context.params.bytes instanceof Uint8Array,
        bytes: context.params.bytes,
      }),
    },
  };
  const { caller } = await startPair(t, echo);
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const views = [
    all,
    Buffer.from(all),
    all.subarray(7, 9),
    new Uint8Array(0),
    Buffer.alloc(70_000, 3),
  ];
  const answers = await Promise.all(
    views.map((bytes) => caller.call<Answer, { bytes: Uint8Array }>('echo.give', { bytes })),
  );
  for (const [i, { isBytes, bytes }] of answers.entries()) {
    t.true(isBytes);
    t.true(bytes instanceof Uint8Array);
    t.is(Buffer.compare(bytes, views[i]!), 0);
  }
});

test('a refusal comes through the network as a value, a defect as a rejection', async (t) => {
  const orders: ServiceSchema = {
    name: 'orders',
    actions: {
      list: (context) => {
        if (context.params.userId === 'u_defect') throw new TypeError('a defect');
        return refusal('not-found', 'Nothing here.');
      },
    },
  };
  const { caller } = await startPair(t, orders);
  const call = createCallAction(caller);
  const page = { limit: 1, cursor: null };
  t.deepEqual(
    await call('orders.list', { userId: 'u_1', page }),
    refusal('not-found', 'Nothing here.'),
  );
  await t.throwsAsync(call('orders.list', { userId: 'u_defect', page }), { message: 'a defect' });
});

test('a missing service is unavailable', async (t) => {
  const { caller } = await startPair(t, { name: 'orders', actions: { list: () => success(null) } });
  const call = createCallAction(caller);
  t.deepEqual(await call('accounts.logout', { refreshToken: 'x' }), refusal('unavailable'));
});

test('a service that does not answer in time is unavailable', async (t) => {
  const silent = Promise.withResolvers<never>();
  const accounts: ServiceSchema = { name: 'accounts', actions: { logout: () => silent.promise } };
  const { caller } = await startPair(t, accounts, 20);
  const call = createCallAction(caller);
  t.deepEqual(await call('accounts.logout', { refreshToken: 'x' }), refusal('unavailable'));
});

test('a node that leaves makes its services unavailable', async (t) => {
  const accounts: ServiceSchema = { name: 'accounts', actions: { logout: () => success(null) } };
  const { caller, owner } = await startPair(t, accounts);
  const call = createCallAction(caller);
  t.deepEqual(await call('accounts.logout', { refreshToken: 'x' }), success(null));
  await owner.stop();
  t.deepEqual(await call('accounts.logout', { refreshToken: 'x' }), refusal('unavailable'));
});

test('H4: a request’s trace reaches the service that answers it', async (t) => {
  const seen: unknown[] = [];
  const orders: ServiceSchema = {
    name: 'orders',
    actions: {
      list(context) {
        seen.push(context.meta);
        return success({ items: [], nextCursor: null });
      },
    },
  };
  const { caller } = await startPair(t, orders);
  const traceparent = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
  const page = { limit: 1, cursor: null };
  await createCallAction(caller)('orders.list', { userId: 'ann', page }, traceparent);
  t.deepEqual(seen, [{ traceparent }]);
});
