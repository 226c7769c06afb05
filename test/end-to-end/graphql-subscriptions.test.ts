// Subscriptions of GraphQL against the whole server, through the client that most use.

import type { ExecutionContext } from 'ava';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { onEachProfile } from './profiles.ts';
import type { Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const WAIT_MS = 20_000;
const PROTOCOL = 'graphql-transport-ws';
const DROP_CHANGED = `subscription ($id: ID!) {
  dropChanged(id: $id) { type at drop { restId version status free sold product { name } } }
}`;
const NOTIFICATIONS =
  'subscription ($after: String) { myNotifications(after: $after) { id type data } }';

interface DropEvent {
  readonly type: string;
  readonly drop: {
    readonly restId: string;
    readonly version: number;
    readonly status: string;
    readonly free: number;
    readonly sold: number;
    readonly product: { readonly name: string } | null;
  };
}

interface NotificationEvent {
  readonly id: string;
  readonly type: string;
}

/** What a subscription has brought. */
class Received<Event> {
  readonly events: Event[] = [];
  #failure: unknown = null;
  #woken: () => void = () => undefined;
  readonly stop: () => void;

  constructor(client: Client, query: string, variables: Json) {
    this.stop = client.subscribe<Record<string, Event>>(
      { query, variables },
      {
        next: ({ data, errors }) => {
          if (errors !== undefined) this.#fail(errors);
          else this.events.push(Object.values(data!)[0]!);
          this.#woken();
        },
        error: (failure) => this.#fail(failure),
        complete: () => undefined,
      },
    );
  }

  async until(done: (events: readonly Event[]) => boolean): Promise<void> {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      this.#woken();
    }, WAIT_MS);
    while (!done(this.events)) {
      if (this.#failure !== null) throw new Error('it failed', { cause: this.#failure });
      if (isOver) throw new Error(`it never came to that: ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => {
        this.#woken = resolve;
      });
    }
    clearTimeout(timer);
  }

  #fail(failure: unknown): void {
    this.#failure = failure;
    this.#woken();
  }
}

onEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const address = () => `${server.nextUrl().replace('http', 'ws')}/v1/graphql`;

  function connect(t: ExecutionContext, userId?: string): Client {
    const client = createClient({
      url: address(),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      ...(userId !== undefined && {
        connectionParams: { authorization: `Bearer ${server.token(userId)}` },
      }),
    });
    t.teardown(() => client.dispose());
    return client;
  }

  /** A socket without a client: what it was sent, and how it was closed. */
  async function raw(t: ExecutionContext, messages: readonly (object | string)[]) {
    const socket = new WebSocket(address(), PROTOCOL);
    t.teardown(() => socket.terminate());
    const received: Json[] = [];
    socket.on('message', (bytes: Buffer) => received.push(JSON.parse(bytes.toString()) as Json));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => socket.once('open', resolve));
    for (const message of messages)
      socket.send(typeof message === 'string' ? message : JSON.stringify(message));
    const late = setTimeout(() => socket.terminate(), WAIT_MS);
    const code = await closed;
    clearTimeout(late);
    return { received, code };
  }

  test('G3: dropChanged shows the drop first, and then each change with a higher version', async (t) => {
    const dropId = await server.drop(server.fresh('shop'), { stock: 3 });
    const changes = new Received<DropEvent>(connect(t), DROP_CHANGED, { id: dropId });
    await changes.until((events) => events.length > 0);
    t.like(changes.events[0], {
      type: 'DROP_SNAPSHOT',
      drop: { restId: dropId, free: 3, sold: 0 },
    });
    t.truthy(changes.events[0]?.drop.product?.name);
    for (const quantity of [1, 1, 1]) {
      const { status } = await server.order(dropId, server.fresh('buyer'), 'k', quantity);
      t.is(status, 201);
    }
    await changes.until((events) => events.at(-1)?.drop.free === 0);
    t.true(changes.events.some(({ type }) => type === 'DROP_SOLD_OUT'));
    const versions = changes.events.map(({ drop }) => drop.version);
    t.deepEqual(
      versions,
      [...new Set(versions)].toSorted((a, b) => a - b),
    );
  });

  test('G3: creatorDrops shows the live drops first, and then what happens to any', async (t) => {
    const creatorId = server.fresh('shop');
    const live = await server.drop(creatorId, { stock: 1 });
    const query = `subscription ($id: ID!) {
      creatorDrops(creatorId: $id) { type drop { restId version status free } }
    }`;
    const found = new Received<DropEvent>(connect(t), query, { id: creatorId });
    await found.until((events) => events.length > 0);
    t.like(found.events[0], { type: 'DROP_SNAPSHOT', drop: { restId: live, status: 'LIVE' } });
    t.is((await server.order(live, server.fresh('buyer'), 'k')).status, 201);
    await found.until((events) => events.some(({ type }) => type === 'DROP_SOLD_OUT'));
  });

  test('G3, N7: myNotifications goes on after the last one, without a gap or a repeat', async (t) => {
    const buyer = server.fresh('buyer');
    const dropId = await server.drop(server.fresh('shop'), { stock: 10, limitPerUser: 10 });
    const buy = async (key: string) => t.is((await server.order(dropId, buyer, key)).status, 201);
    await buy('1');
    const first = new Received<NotificationEvent>(connect(t, buyer), NOTIFICATIONS, { after: '0' });
    await buy('2');
    await first.until((events) => events.length === 2);
    first.stop();
    await buy('3');
    const after = first.events[1]!.id;
    const second = new Received<NotificationEvent>(connect(t, buyer), NOTIFICATIONS, { after });
    await buy('4');
    await second.until((events) => events.length === 2);
    const ids = [...first.events, ...second.events].map(({ id }) => Number(id));
    t.deepEqual(
      ids,
      [...new Set(ids)].toSorted((a, b) => a - b),
    );
    t.is(ids.length, 4);
  });

  test('G1, G3: an order is placed over the socket as by HTTP', async (t) => {
    const dropId = await server.drop(server.fresh('shop'), { stock: 1 });
    const query = `mutation ($input: PlaceOrderInput!) {
      placeOrder(input: $input) { __typename ... on PlaceOrderPayload { order { status } } }
    }`;
    const input = { dropId, quantity: 1, idempotencyKey: 'k' };
    const results: unknown[] = [];
    for await (const { data } of connect(t, server.fresh('buyer')).iterate({
      query,
      variables: { input },
    }))
      results.push(data?.['placeOrder']);
    t.deepEqual(results, [{ __typename: 'PlaceOrderPayload', order: { status: 'CONFIRMED' } }]);
  });

  test('G3: what cannot be subscribed to is an error of that operation alone', async (t) => {
    const client = connect(t);
    const codeOf = async (query: string, variables: Json) => {
      const failed = await new Promise((resolve) => {
        client.subscribe(
          { query, variables },
          { next: resolve, error: resolve, complete: () => {} },
        );
      });
      return (failed as readonly { extensions?: Json }[])[0]?.extensions?.['code'];
    };
    t.is(await codeOf(DROP_CHANGED, { id: 'drp_nothing' }), 'not-found');
    t.is(await codeOf(NOTIFICATIONS, { after: '0' }), 'unauthenticated');
    const dropId = await server.drop(server.fresh('shop'));
    const changes = new Received<DropEvent>(client, DROP_CHANGED, { id: dropId });
    await changes.until((events) => events.length > 0);
    t.pass();
  });

  test('G3: the protocol’s own faults end the connection with their codes', async (t) => {
    const init = { type: 'connection_init' };
    const dropId = await server.drop(server.fresh('shop'));
    const payload = { query: DROP_CHANGED, variables: { id: dropId } };
    const subscribe = { id: '1', type: 'subscribe', payload };
    const codes = await Promise.all(
      [
        ['{'],
        [{ type: 'nonsense' }],
        [subscribe],
        [init, init],
        [init, subscribe, subscribe],
        [{ ...init, payload: { authorization: 'Bearer nobody' } }],
        [],
      ].map(async (messages) => (await raw(t, messages)).code),
    );
    t.deepEqual(codes, [4400, 4400, 4401, 4429, 4409, 4401, 4408]);
    const token = server.token(server.fresh('buyer'), 8);
    const ended = await raw(t, [{ ...init, payload: { authorization: `Bearer ${token}` } }]);
    t.deepEqual([ended.received[0]?.['type'], ended.code], ['connection_ack', 4001]);
    const refused = new WebSocket(address(), 'livedrops.v1');
    const [, response] = await new Promise<[unknown, { statusCode?: number }]>((resolve) => {
      refused.once('unexpected-response', (...both) => resolve(both));
    });
    t.is(response.statusCode, 400);
  });
});
