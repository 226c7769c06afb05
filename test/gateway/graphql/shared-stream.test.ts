// Subscribers that share executions, on a real hub over a bus in memory.

import test from 'ava';
import { DropSubscription } from '../../../gateway/graphql/live/drop-subscription.ts';
import { OneDrop } from '../../../gateway/graphql/live/drop-sources.ts';
import type { GraphQLClient } from '../../../gateway/graphql/live/graphql-client.ts';
import type { DropEventRow } from '../../../gateway/graphql/live/live-source.ts';
import type { Shape } from '../../../gateway/graphql/live/shape.ts';
import { SharedStream } from '../../../gateway/graphql/live/shared-stream.ts';
import type { GraphQLFormattedError } from 'graphql';
import { dropView, LiveHarness, settled } from '../live/live-harness.ts';

interface Payload {
  readonly type: string;
  readonly version: number;
}

class FakeClient {
  readonly payloads: Payload[] = [];
  readonly errors: GraphQLFormattedError[] = [];
  isFull = false;

  next(begin: string, payload: string): boolean {
    if (this.isFull) return false;
    const message = JSON.parse(`${begin}${payload}}`) as { payload: Payload };
    this.payloads.push(message.payload);
    return true;
  }

  failed(_place: object, errors: readonly GraphQLFormattedError[]): void {
    this.errors.push(...errors);
  }

  get versions(): number[] {
    return this.payloads.map(({ version }) => version);
  }
}

/** While `gate` is set, executions wait for it. */
class FakeShape {
  gate: Promise<void> | null = null;

  payload(event: DropEventRow): string | Promise<string> {
    const text = JSON.stringify({ type: event.type, version: event.drop['version'] });
    return this.gate === null ? text : this.gate.then(() => text);
  }
}

function shared(harness: LiveHarness) {
  const shape = new FakeShape();
  let unused = 0;
  const stream = new SharedStream({
    context: harness.hub,
    shape: shape as unknown as Shape,
    source: new OneDrop(harness.hub, 'drop_1'),
    onUnused: () => (unused += 1),
  });
  let last = 0;
  const join = () => {
    const client = new FakeClient();
    const id = String((last += 1));
    const subscription = new DropSubscription(client as unknown as GraphQLClient, { id }, stream);
    stream.join(subscription);
    if (last === 1) stream.open();
    return { client, subscription };
  };
  return { stream, shape, join, unused: () => unused };
}

/** Also what takes several turns of the event loop. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await settled();
}

test('G3: ten thousand subscribers of one drop are one execution for each event', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const { stream, join } = shared(harness);
  const clients = Array.from({ length: 10_000 }, () => join().client);
  await quiet();
  t.is(stream.executions, 1);
  for (const version of [2, 3]) {
    harness.change(dropView(version));
    harness.clock.advance(harness.hub.bounds.tickWaitMsMax);
    await quiet();
  }
  t.is(stream.executions, 3);
  t.true(clients.every(({ versions }) => versions.join() === '1,2,3'));
});

test('G3, N6: who comes while an event is executed gets the state, and no version twice', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const { shape, join } = shared(harness);
  const first = join().client;
  await quiet();
  let open = (): void => undefined;
  shape.gate = new Promise((resolve) => (open = resolve));
  harness.change(dropView(2));
  await quiet();
  const second = join().client;
  harness.clock.advance(harness.hub.bounds.tickMs);
  harness.change(dropView(3));
  shape.gate = null;
  open();
  await quiet();
  t.deepEqual(first.versions, [1, 2, 3]);
  t.is(second.payloads[0]?.type, 'drop.snapshot');
  t.is(second.versions.at(-1), 3);
  t.deepEqual(second.versions, [...new Set(second.versions)]);
});

test('G3, N8: who has no room gets the newest state once there is some', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const { join } = shared(harness);
  const slow = join();
  const quick = join().client;
  await quiet();
  slow.client.isFull = true;
  for (const version of [2, 3, 4]) {
    harness.change(dropView(version));
    harness.clock.advance(harness.hub.bounds.tickMs);
    await quiet();
  }
  slow.client.isFull = false;
  slow.subscription.drained();
  await quiet();
  t.deepEqual(quick.versions, [1, 2, 3, 4]);
  t.deepEqual(slow.client.versions, [1, 4]);
  t.is(slow.client.payloads[1]?.type, 'drop.snapshot');
});

test('G3: events that come faster than they are executed become the newest state', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const { stream, shape, join } = shared(harness);
  const { client } = join();
  await quiet();
  let open = (): void => undefined;
  shape.gate = new Promise((resolve) => (open = resolve));
  for (let version = 2; version <= 101; version++) {
    harness.change(dropView(version));
    harness.clock.advance(harness.hub.bounds.tickMs);
  }
  await quiet();
  shape.gate = null;
  open();
  await quiet();
  t.is(client.versions.at(-1), 101);
  t.true(stream.executions <= 20, String(stream.executions));
  t.deepEqual(
    client.versions,
    client.versions.toSorted((a, b) => a - b),
  );
});

test('G3: a stream ends with its last subscriber, and where there is no such drop', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const known = shared(harness);
  const one = known.join();
  const other = known.join();
  await quiet();
  one.subscription.stop();
  t.is(known.unused(), 0);
  other.subscription.stop();
  t.is(known.unused(), 1);
  t.is(harness.hub.report().topics.drops, 0);
  const unknown = shared(new LiveHarness());
  const { client } = unknown.join();
  await quiet();
  t.is(client.errors[0]?.extensions?.['code'], 'not-found');
  t.is(unknown.unused(), 1);
});

test('G3: a change while the first state is made comes behind it', async (t) => {
  const harness = new LiveHarness();
  harness.drops.set('drop_1', dropView(1));
  const { shape, join } = shared(harness);
  let open = (): void => undefined;
  shape.gate = new Promise((resolve) => (open = resolve));
  const first = join().client;
  await quiet();
  harness.change(dropView(2));
  await quiet();
  const second = join().client;
  shape.gate = null;
  open();
  await quiet();
  t.deepEqual(first.versions, [1, 2]);
  t.is(second.versions.at(-1), 2);
});
