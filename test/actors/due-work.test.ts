import test from 'ava';
import type { Fact, FactBatch } from '../../actors/shard/facts.ts';
import type { ShardHost } from '../../actors/shard/shard-host.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import type { DropEventType } from '../../contracts/drop-events.ts';
import { shardOf } from '../../domain/ids.ts';
import { flush, ManualClock } from './manual-clock.ts';
import { ask, codeOf, createDrop, type Harness, NOW, place, startHost } from './harness.ts';

const CREATOR = { userId: 'creator', operator: false };
/** Of `DuePace`. */
const SLICE_MS = 0.25;
const PERIOD_BESIDE_COMMANDS_MS = 12.5;

/** Time passes with the work that is done: each look at the clock finds it a little later. */
class WorkingClock extends ManualClock {
  static readonly LOOK_MS = 0.05;
  #looks = 0;

  override monotonic(): number {
    this.#looks += 1;
    return super.monotonic() + this.#looks * WorkingClock.LOOK_MS;
  }
}

async function start(shardCount = 1): Promise<Harness> {
  return await startHost({ clock: new WorkingClock(NOW) }, shardCount);
}

async function fill(host: ShardHost, dropId: string, count: number): Promise<void> {
  const replies = await host.execute(
    Array.from({ length: count }, (_, i) => place(`u${i}`, 'key', 1, dropId)),
  );
  if (!replies.every(({ ok }) => ok)) throw new Error('an order was refused');
}

/** A drop with so many orders: of confirmed ones, or of holds. */
async function filled(
  host: ShardHost,
  count: number,
  change: Partial<DropTerms> & { readonly id: string },
): Promise<void> {
  await createDrop(host, count, change);
  await fill(host, change.id, count);
}

function cancel(host: ShardHost, dropId: string): Promise<unknown> {
  return ask(host, { type: 'cancel-drop', dropId, caller: CREATOR });
}

function factsOf({ consumer }: Harness, dropId: string, type: DropEventType): Fact[] {
  return batchesWith(consumer.batches, dropId, type).flatMap(({ facts }) =>
    facts.filter(({ event, terms: { id } }) => event.type === type && id === dropId),
  );
}

function batchesWith(
  batches: readonly FactBatch[],
  dropId: string,
  type: DropEventType,
): FactBatch[] {
  return batches.filter(({ facts }) =>
    facts.some(({ event, terms: { id } }) => event.type === type && id === dropId),
  );
}

/** An id of the shard. */
function idIn(shard: number, shardCount: number, name: string): string {
  for (let i = 0; ; i++) {
    const id = `d_${name}${i}`;
    if (shardOf(id, shardCount) === shard) return id;
  }
}

test('D2a: drops open and close on time while a cancellation and ended holds are decided', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  await filled(host, 4000, { id: 'd_cancelled' });
  await filled(host, 4000, { id: 'd_ending', payment: 'provider', holdSeconds: 1 });
  const opensAt = NOW + 1010;
  for (let i = 0; i < 20; i++) {
    await createDrop(host, 1, { id: `d_${i}`, startsAt: opensAt + i, endsAt: opensAt + 30 + i });
  }
  await clock.advance(1000);
  await cancel(host, 'd_cancelled');
  await clock.advance(60);
  for (let i = 0; i < 20; i++) {
    const [opened] = batchesWith(harness.consumer.batches, `d_${i}`, 'drop-opened');
    const [closed] = batchesWith(harness.consumer.batches, `d_${i}`, 'drop-closed');
    t.deepEqual([opened!.time, closed!.time], [opensAt + i, opensAt + 30 + i]);
  }
  const due = () => [
    factsOf(harness, 'd_cancelled', 'order-refunded').length,
    factsOf(harness, 'd_ending', 'order-expired').length,
  ];
  t.true(
    due().every((count) => count > 0 && count < 4000),
    'both were under way',
  );
  await clock.advance(10_000);
  t.deepEqual(due(), [4000, 4000], 'each order once');
  await host.stop();
});

test('D2a: few holds end on time beside very many cancellations', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  const ids = Array.from({ length: 100 }, (_, i) => `d_${i}`);
  for (const id of ids) await filled(host, 200, { id });
  await filled(host, 3, { id: 'd_few', payment: 'provider', holdSeconds: 1 });
  await clock.advance(990);
  await Promise.all(ids.map((id) => cancel(host, id)));
  await clock.advance(50);
  const [ended, ...others] = batchesWith(harness.consumer.batches, 'd_few', 'order-expired');
  t.is(ended!.facts.filter(({ event }) => event.type === 'order-expired').length, 3);
  t.is(others.length, 0);
  t.is(ended!.time, NOW + 1000);
  const rest = ids.map((id) => factsOf(harness, id, 'order-refunded').length);
  t.true(
    rest.every((count) => count >= 32) && rest.filter((count) => count === 200).length <= 1,
    rest.join(', '),
  );
  await host.stop();
});

test('D2a: a drop opens on time beside very many drops whose holds end', async (t) => {
  const harness = await start();
  const { host, clock, journal } = harness;
  const ids = Array.from({ length: 200 }, (_, i) => `d_${i}`);
  for (const id of ids) await filled(host, 20, { id, payment: 'provider', holdSeconds: 1 });
  await createDrop(host, 1, { id: 'd_opening', startsAt: NOW + 1001 });
  const before = journal.appends;
  await clock.advance(1000);
  const ended = ids.flatMap((id) => batchesWith(harness.consumer.batches, id, 'order-expired'));
  const counts = [...new Set(ended)].map(({ facts }) => facts.length);
  t.is(
    counts.reduce((sum, count) => sum + count, 0),
    4000,
  );
  // 128 of first turns, which end with the turn that reaches it, and those of a slice.
  const most = 128 + 20 + 20 * (SLICE_MS / WorkingClock.LOOK_MS + 1);
  t.true(Math.max(...counts) <= most, counts.join(', '));
  t.true(journal.appends - before >= 4000 / most);
  await clock.advance(1);
  t.is(batchesWith(harness.consumer.batches, 'd_opening', 'drop-opened')[0]!.time, NOW + 1001);
  await host.stop();
});

for (const shardCount of [1, 8]) {
  test(`D2a: beside orders, cancellations in ${shardCount} shards take the same bounded share`, async (t) => {
    const harness = await start(shardCount);
    const { host, clock, consumer } = harness;
    const ids = Array.from({ length: shardCount }, (_, shard) => idIn(shard, shardCount, 'big'));
    for (const id of ids) await filled(host, 4000, { id });
    const small = idIn(0, shardCount, 'small');
    await createDrop(host, 1000, { id: small });
    await Promise.all(ids.map((id) => cancel(host, id)));
    const lengthMs = 300;
    for (let ms = 0; ms < lengthMs; ms += 2) {
      const [reply] = await host.execute([place(`u${ms}`, 'key', 1, small)]);
      t.is(codeOf(reply), 'ok');
      await clock.advance(2);
    }
    const slices = ids.map((id) => batchesWith(consumer.batches, id, 'order-refunded').length);
    const slicesMax = lengthMs / PERIOD_BESIDE_COMMANDS_MS + 2;
    t.true(
      slices.every((count) => count > 0 && count <= slicesMax),
      slices.join(', '),
    );
    const events = ids.reduce((sum, id) => sum + factsOf(harness, id, 'order-refunded').length, 0);
    // A turn is not cut short, so that each shard may exceed its part of a slice by one turn.
    const turnsMax = slicesMax * (SLICE_MS / WorkingClock.LOOK_MS + shardCount);
    t.true(events <= turnsMax * 32, `${events} events`);
    await host.stop();
  });
}

test('D2a: while nobody orders, due work takes a larger share', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  await filled(host, 4000, { id: 'd_cancelled' });
  await cancel(host, 'd_cancelled');
  // So long the last command counts as a sale.
  await clock.advance(100);
  const slicesDone = () =>
    batchesWith(harness.consumer.batches, 'd_cancelled', 'order-refunded').length;
  const before = slicesDone();
  await clock.advance(60);
  const slices = slicesDone() - before;
  t.true(slices > (2 * 60) / PERIOD_BESIDE_COMMANDS_MS, `${slices}`);
  await host.stop();
});

test('D2a, S5: an order gets the units of an ended hold whose turn has not come', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  await filled(host, 8000, { id: 'd_cancelled' });
  const held = { id: 'd_held', payment: 'provider', holdSeconds: 1, limitPerUser: 1000 } as const;
  await filled(host, 4000, held);
  await cancel(host, 'd_cancelled');
  await clock.advance(1000);
  const view = await ask(host, { type: 'get-drop', dropId: 'd_held' });
  if (!view.ok) throw new Error(view.code);
  t.true(view.value.held > 3000, 'most holds are still to be released');
  const wanted = view.value.free + 50;
  const [reply] = await host.execute([place('late', 'one', wanted, 'd_held')]);
  t.is(codeOf(reply), 'ok');
  const [batch] = harness.consumer.batches.filter(({ facts }) =>
    facts.some(({ order }) => order?.userId === 'late'),
  );
  const released = batch!.facts.filter(({ event }) => event.type === 'order-expired').length;
  t.true(released >= 50 && released <= 64, `${released} holds were released for it`);
  await host.stop();
});

test('D2a: in one batch few ended holds are released early, whoever asks', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  await filled(host, 4000, { id: 'd_held', payment: 'provider', holdSeconds: 1 });
  harness.journal.hold();
  const first = createDrop(host, 1, { id: 'd_other' });
  await clock.advance(1000);
  const all = host.execute(
    Array.from({ length: 2000 }, (_, i) => place(`late${i}`, 'key', 1, 'd_held')),
  );
  harness.journal.release();
  await first;
  const codes = (await all).map((reply) => codeOf(reply));
  const [batch] = batchesWith(harness.consumer.batches, 'd_held', 'order-expired');
  const { length } = batch!.facts.filter(({ event }) => event.type === 'order-expired');
  t.true(length >= 256 && length <= 256 + 32 + 32 * (SLICE_MS / WorkingClock.LOOK_MS + 1));
  t.is(codes.filter((code) => code === 'ok').length, length);
  t.is(codes.filter((code) => code === 'sold-out').length, 2000 - length);
  await host.stop();
});

test('D2a: a drop whose end is set earlier closes then, while its own holds are released', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  const endsAt = NOW + 1030;
  await filled(host, 4000, { id: 'd_held', payment: 'provider', holdSeconds: 1 });
  await clock.advance(1010);
  const amended = { type: 'amend-drop', dropId: 'd_held', caller: CREATOR, endsAt } as const;
  t.true((await ask(host, amended)).ok);
  await clock.advance(20);
  const [closed] = batchesWith(harness.consumer.batches, 'd_held', 'drop-closed');
  t.is(closed?.time, endsAt);
  t.true(factsOf(harness, 'd_held', 'order-expired').length < 4000);
  await clock.advance(5000);
  t.is(factsOf(harness, 'd_held', 'order-expired').length, 4000);
  await host.stop();
});

test('D2a: an order in the very batch of a late closing is refused', async (t) => {
  const harness = await start();
  const { host, clock, journal } = harness;
  await createDrop(host, 10, { endsAt: NOW + 100 });
  journal.hold();
  const inTime = host.execute([place('in-time')]);
  await clock.advance(150);
  const late = host.execute([place('late')]);
  journal.release();
  t.deepEqual([codeOf((await inTime)[0]), codeOf((await late)[0])], ['ok', 'drop-ended']);
  await flush();
  t.is(factsOf(harness, 'd_1', 'drop-closed').length, 1);
  await host.stop();
});

test('P4: a payment confirms a hold that has ended and is not released yet', async (t) => {
  const harness = await start();
  const { host, clock } = harness;
  await filled(host, 4000, { id: 'd_held', payment: 'provider', holdSeconds: 1 });
  await clock.advance(1000);
  const orderId = factsOf(harness, 'd_held', 'order-placed').at(-1)!.order!.id;
  const reply = await ask(host, {
    type: 'settle-payment',
    dropId: 'd_held',
    orderId,
    succeeded: true,
    reference: 'r',
  });
  t.is(reply.ok && reply.value.status, 'confirmed');
  await clock.advance(5000);
  t.is(factsOf(harness, 'd_held', 'order-expired').length, 3999);
  t.is(factsOf(harness, 'd_held', 'order-confirmed').length, 1);
  await host.stop();
});

test('a shard that stops in the midst of due work leaves no timer, and the next owner ends it', async (t) => {
  const harness = await start();
  await filled(harness.host, 4000, { id: 'd_cancelled' });
  await cancel(harness.host, 'd_cancelled');
  await harness.clock.advance(20);
  await harness.host.stop();
  await harness.relay.stop();
  t.is(harness.clock.timerCount, 0);
  const next = await startHost(harness, 1);
  await next.clock.advance(10_000);
  t.is(factsOf(next, 'd_cancelled', 'order-refunded').length, 4000);
  await next.host.stop();
});
