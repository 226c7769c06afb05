import test from 'ava';
import pino from 'pino';
import type { FactBatch } from '../../actors/shard/facts.ts';
import type { EventConsumer } from '../../events/consumer.ts';
import { Lane } from '../../events/lane.ts';
import { MemorySpillStore } from '../../storage/memory/spill-memory.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { createDrop, order, RecordingConsumer, startHost } from '../actors/harness.ts';
import { flush } from '../actors/manual-clock.ts';

const HOUR_MS = 3_600_000;

/** A sale of twenty orders, and a lane of its own over its journal. */
async function sale(consumer: EventConsumer, fedByOwner: boolean) {
  const harness = await startHost(undefined, 1);
  await createDrop(harness.host, 50);
  for (let i = 0; i < 20; i++) await order(harness.host, `user${i}`);
  await harness.relay.caughtUp();
  const lane = new Lane({
    ...harness,
    consumer,
    fedByOwner,
    openSpill: () => new MemorySpillStore(),
    log: pino({ level: 'silent' }),
  });
  return { ...harness, lane, all: harness.consumer.batches };
}

/** A consumer whose batches the test releases one by one. */
class SlowConsumer extends RecordingConsumer {
  waiting: (() => void)[] = [];

  override async consume(batches: readonly FactBatch[]): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    await super.consume(batches);
  }
  letOne(): void {
    this.waiting.shift()?.();
  }
}

function sequences(batches: readonly FactBatch[]): number[] {
  return batches.map(({ sequence }) => sequence);
}

test('J1: a lane that caught up continues from memory, without gaps or repeats', async (t) => {
  const consumer = new SlowConsumer();
  const { lane, all } = await sale(consumer, true);
  const last = all.at(-1)!.sequence;
  lane.recovered(0, last - 5);
  while (consumer.waiting.length === 0) await flush();
  // These become durable while the last portion is being consumed.
  for (const batch of all.slice(-5)) lane.durable(batch);
  t.is(
    lane.lag().facts,
    all.slice(-5).reduce((sum, { facts }) => sum + facts.length, 0),
  );
  const caughtUp = lane.caughtUp();
  for (let i = 0; i < 3; i++) {
    consumer.letOne();
    await flush();
  }
  await caughtUp;
  t.deepEqual(sequences(consumer.batches), sequences(all));
  // One portion from the journal and five entries from memory: the journal is not read again.
  t.is(consumer.calls, 2);
  t.deepEqual(lane.lag(), { consumer: 'recording', facts: 0, entries: 0, shardsBehind: 0, ms: 0 });
});

test('a lane that only gets the end of the journal gives every event, in order', async (t) => {
  const consumer = new RecordingConsumer();
  const { lane, all } = await sale(consumer, false);
  for (const { sequence } of all) {
    lane.grown(0, sequence);
    await flush();
  }
  await lane.caughtUp();
  t.deepEqual(consumer.batches, all);
});

test('a shard that is released during its replay gives nothing more', async (t) => {
  const consumer = new SlowConsumer();
  const { lane, all } = await sale(consumer, true);
  lane.recovered(0, all.length);
  while (consumer.waiting.length === 0) await flush();
  lane.durable({ ...all.at(-1)!, sequence: all.length + 1 });
  lane.released(0);
  consumer.letOne();
  await lane.caughtUp();
  t.is(consumer.calls, 1);
  t.like(lane.lag(), { facts: 0, entries: 0, shardsBehind: 0 });
});

for (const shiftMs of [HOUR_MS, -HOUR_MS]) {
  test(`a wall clock set by ${shiftMs} ms moves no retry, no interval and no lag`, async (t) => {
    const consumer = new RecordingConsumer();
    const { lane, all, clock } = await sale(consumer, true);
    consumer.failing = 1;
    lane.recovered(0, all.length);
    await flush();
    clock.shiftWall(shiftMs);
    await clock.advance(20);
    t.is(lane.lag().ms, 20);
    t.is(consumer.calls, 0);
    await clock.advance(30);
    t.is(consumer.calls, 1);
    // From memory now: at most every 20 ms.
    lane.durable({ ...all.at(-1)!, sequence: all.length + 1 });
    await flush();
    t.is(consumer.calls, 2);
    clock.shiftWall(shiftMs);
    lane.durable({ ...all.at(-1)!, sequence: all.length + 2 });
    await clock.advance(19);
    t.is(consumer.calls, 2);
    await clock.advance(1);
    t.is(consumer.calls, 3);
  });
}

test('a consumer that keeps failing is retried with growing delays, up to a bound', async (t) => {
  const times: number[] = [];
  const consumer: EventConsumer = {
    name: 'failing',
    placement: 'off-loop',
    position: async () => 0,
    consume: async () => {
      times.push(clock.monotonic());
      throw new StoreUnavailableError('not now');
    },
  };
  const { lane, all, clock } = await sale(consumer, false);
  lane.grown(0, all.length);
  await clock.advance(60_000);
  const pauses = times.slice(1).map((at, i) => at - times[i]!);
  t.true(pauses[0]! >= 25 && pauses[0]! <= 50, `${pauses[0]} ms`);
  t.true(pauses.at(-1)! >= 2500 && pauses.at(-1)! <= 5000, `${pauses.at(-1)} ms`);
  t.is(lane.lag().entries, all.length);
  await lane.stop();
});
