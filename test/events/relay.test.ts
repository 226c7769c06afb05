import test from 'ava';
import pino from 'pino';
import { Relay } from '../../events/relay.ts';
import { shardOf } from '../../domain/ids.ts';
import { MemorySpillStore } from '../../storage/memory/spill-memory.ts';
import { CorruptError, type Journal, StoreUnavailableError } from '../../storage/ports/journal.ts';
import { createDrop, order, RecordingConsumer, startHost } from '../actors/harness.ts';
import { flush } from '../actors/manual-clock.ts';

test('J1: every durable event reaches the consumer in order, once without faults', async (t) => {
  const { host, consumer, relay } = await startHost();
  await createDrop(host, 50);
  for (let i = 0; i < 10; i++) await order(host, `user${i}`);
  await relay.caughtUp();
  const sequences = consumer.batches.map((batch) => batch.sequence);
  t.deepEqual(
    sequences,
    Array.from(sequences, (_, i) => i + 1),
  );
  const orders = consumer.batches
    .flatMap((batch) => batch.facts)
    .filter((fact) => fact.event.type === 'order-placed');
  t.deepEqual(
    orders.map((fact) => fact.order?.userId),
    Array.from({ length: 10 }, (_, i) => `user${i}`),
  );
});

/**
 * A relay of two shards with one entry each, which reads both journals; one journal fails with
 * `fault`.
 */
async function relayWithOneBadShard(fault: Error) {
  const { host, journal, snapshots, clock } = await startHost(undefined, 2);
  const ids = ['d_1', 'd_2', 'd_3', 'd_4', 'd_5'];
  const bad = shardOf(ids[0]!, 2);
  const otherId = ids.find((id) => shardOf(id, 2) !== bad)!;
  await createDrop(host, 50);
  await createDrop(host, 50, { id: otherId });
  const consumer = new RecordingConsumer();
  const relay = new Relay({
    consumers: [consumer],
    consumeIntervalMs: 0,
    journal: {
      read: async (shard: number, after: number, limit: number) => {
        if (shard === bad) throw fault;
        return await journal.read(shard, after, limit);
      },
    } as unknown as Journal,
    snapshots,
    openSpill: () => new MemorySpillStore(),
    clock,
    log: pino({ level: 'silent' }),
  });
  relay.recovered(bad, 1);
  relay.recovered(1 - bad, 1);
  await clock.advance(10_000);
  return { relay, consumer, bad };
}

test('J1: a shard whose journal cannot be read does not delay the others', async (t) => {
  const { consumer, bad } = await relayWithOneBadShard(new StoreUnavailableError('not now'));
  t.deepEqual(
    consumer.batches.map(({ shard }) => shard),
    [1 - bad],
  );
});

test('X1: a shard that cannot be relayed further counts as behind', async (t) => {
  const { relay, bad } = await relayWithOneBadShard(new CorruptError('a bad checksum'));
  t.is(relay.lag()[0]!.shardsBehind, 1);
  t.is(relay.lagOf(bad), 1);
  t.is(relay.lagOf(1 - bad), 0);
});

test('N11: a consumer that fails gets the same batches again, and none is skipped', async (t) => {
  const { host, consumer, clock, relay } = await startHost();
  consumer.failing = 3;
  await createDrop(host, 50);
  await order(host, 'ann');
  await clock.advance(10_000);
  await relay.caughtUp();
  t.deepEqual(
    consumer.batches.flatMap((batch) => batch.facts).map((fact) => fact.event.type),
    ['drop-created', 'drop-opened', 'order-placed'],
  );
});

test('J4: after a restart the relay continues after each consumer’s position', async (t) => {
  const first = await startHost();
  await createDrop(first.host, 50);
  await first.relay.caughtUp();
  first.consumer.failing = Infinity;
  await order(first.host, 'ann');
  await order(first.host, 'bob');
  await flush();
  first.consumer.failing = 0;
  const seen = first.consumer.batches.length;
  const second = await startHost(first);
  await second.relay.caughtUp();
  const facts = first.consumer.batches.slice(seen).flatMap((batch) => batch.facts);
  t.deepEqual(
    facts.filter((fact) => fact.event.type === 'order-placed').map((fact) => fact.order?.userId),
    ['ann', 'bob'],
  );
});

test('N4: the first batch is consumed at once, those right after it together', async (t) => {
  const { host, consumer, clock } = await startHost(undefined, 4, 20);
  await createDrop(host, 50);
  await flush();
  t.is(consumer.calls, 1);
  for (let i = 0; i < 5; i++) await order(host, `user${i}`);
  await flush();
  t.is(consumer.calls, 1);
  await clock.advance(20);
  t.is(consumer.calls, 2);
  t.is(consumer.batches.length, 6);
});
