import test from 'ava';
import pino from 'pino';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import { MAILBOX_LENGTH_MAX } from '../../actors/shard/shard-loop.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { shardOf } from '../../domain/ids.ts';
import { encodeEntry } from '../../storage/formats/entry.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { ask, codeOf, createDrop, listen, NOW, order, place, startHost } from './harness.ts';
import { flush } from './manual-clock.ts';

test('O2: no answer, read or live frame shows an order before the journal holds it', async (t) => {
  const { host, journal, bus } = await startHost();
  await createDrop(host, 5);
  const frames = listen(bus, 'drop.d_1');
  journal.hold();
  let answered = false;
  const placing = host.execute([place('ann')]).then((replies) => {
    answered = true;
    return replies;
  });
  await flush();
  const meanwhile = await ask(host, { type: 'get-drop', dropId: 'd_1' });
  t.false(answered);
  t.deepEqual(frames, []);
  t.is(meanwhile.ok && meanwhile.value.sold, 0);
  journal.release();
  t.is(codeOf((await placing)[0]), 'ok');
  t.is(frames.length, 1);
  const after = await ask(host, { type: 'get-drop', dropId: 'd_1' });
  t.is(after.ok && after.value.sold, 1);
});

test('O2: a refusal waits for the orders it depends on', async (t) => {
  const { host, journal } = await startHost();
  await createDrop(host, 1);
  journal.hold();
  const both = host.execute([place('ann'), place('bob')]);
  let done = false;
  void both.then(() => (done = true));
  await flush();
  t.false(done);
  journal.release();
  t.deepEqual((await both).map(codeOf), ['ok', 'sold-out']);
});

test('S2: while one append flies, the next batch gathers, and goes as one entry', async (t) => {
  const { host, journal } = await startHost();
  await createDrop(host, 100);
  journal.hold();
  const before = journal.appends;
  const all = Array.from({ length: 20 }, (_, i) => host.execute([place(`user${i}`)]));
  await flush();
  t.is(journal.appends, before + 1);
  journal.release();
  await Promise.all(all);
  t.is(journal.appends, before + 2);
});

for (const failure of ['before', 'after'] as const) {
  test(`J3: the shard replays after an append that fails ${failure} writing`, async (t) => {
    const { host, journal, clock } = await startHost();
    await createDrop(host, 5);
    await order(host, 'ann');
    const shard = host.shards[shardOf('d_1', 4)]!;
    const { epoch } = shard;
    journal.failures = [failure];
    t.deepEqual((await host.execute([place('bob'), place('ann')])).map(codeOf), [
      'unavailable',
      'unavailable',
    ]);
    await clock.advance(1000);
    t.is(shard.status, 'serving');
    t.is(shard.epoch, epoch + 1);
    const again = await order(host, 'bob');
    t.is(again.replayed, failure === 'after');
    const view = await ask(host, { type: 'get-drop', dropId: 'd_1' });
    t.is(view.ok && view.value.sold, 2);
  });
}

test('J3: a stop whose last append fails saves no snapshot past the journal', async (t) => {
  const first = await startHost();
  await createDrop(first.host, 5000);
  await first.host.execute(Array.from({ length: 1500 }, (_, i) => place(`user${i}`)));
  first.journal.hold();
  const placing = first.host.execute([place('late')]);
  await flush();
  const stopping = first.host.stop();
  first.journal.failures = ['before'];
  first.journal.release();
  t.deepEqual((await placing).map(codeOf), ['unavailable']);
  await stopping;
  const { host } = await startHost(first);
  const view = await ask(host, { type: 'get-drop', dropId: 'd_1' });
  t.is(view.ok && view.value.sold, 1500);
  t.false((await order(host, 'late')).replayed);
});

test('a node that stops leaves no timer behind', async (t) => {
  const { host, clock } = await startHost();
  await createDrop(host, 5);
  await createDrop(host, 5, { id: 'd_2', endsAt: NOW + 1000 });
  await clock.advance(2000);
  t.true(clock.timerCount >= 2, 'a deadline, and a drop that is over');
  await host.stop();
  t.is(clock.timerCount, 0);
});

test('J7: orders are unavailable while the store is down, and served after it', async (t) => {
  const { host, journal, clock } = await startHost();
  await createDrop(host, 5);
  journal.failures = ['before', 'before', 'before'];
  t.deepEqual((await host.execute([place('ann')])).map(codeOf), ['unavailable']);
  await clock.advance(5000);
  t.deepEqual((await host.execute([place('ann')])).map(codeOf), ['unavailable']);
  await clock.advance(5000);
  t.deepEqual((await host.execute([place('ann')])).map(codeOf), ['unavailable']);
  await clock.advance(5000);
  t.false((await order(host, 'ann')).replayed);
});

test('J7: commands that wait for a claim are refused when the store fails', async (t) => {
  const { host, journal, clock } = await startHost(undefined, 1);
  await createDrop(host, 5);
  host.abandon(0);
  journal.claim = () => Promise.reject(new StoreUnavailableError('away'));
  void host.shards[0]!.start({ admitting: true });
  const waiting = host.execute([place('ann')]);
  await clock.advance(1_000);
  t.deepEqual((await waiting).map(codeOf), ['unavailable']);
});

test('N3: what became durable while the lease had run out is shown when it is back', async (t) => {
  const { host: alone, ...parts } = await startHost(undefined, 1);
  await alone.stop();
  let valid = true;
  const host = new ShardHost({
    ...parts,
    nodeId: 'test',
    shardCount: 1,
    log: pino({ level: 'silent' }),
    shared: {
      lease: { valid: () => valid },
      redirect: (shard) => ({
        ok: false,
        code: 'moved',
        shard,
        nodeId: null,
        version: 0,
        executed: 'no',
      }),
      fenced: () => undefined,
    },
  });
  await host.start();
  await createDrop(host, 1);
  const frames = listen(parts.bus, 'drop.d_1');
  parts.journal.hold();
  const placing = host.execute([place('ann')]);
  await flush();
  valid = false;
  parts.journal.release();
  t.deepEqual((await placing).map(codeOf), ['unavailable']);
  await parts.clock.advance(1_000);
  t.deepEqual(frames, []);
  valid = true;
  await parts.clock.advance(1_000);
  t.is(frames.length, 1);
  t.like(frames[0], { type: 'drop', view: { soldOut: true }, milestones: [] });
});

test('O3, J4: after a restart every acknowledged key gives its first order', async (t) => {
  const first = await startHost();
  await createDrop(first.host, 5);
  const placed = await order(first.host, 'ann');
  const second = await startHost(first);
  const again = await order(second.host, 'ann');
  t.true(again.replayed);
  t.deepEqual(again.order, placed.order);
});

test('D2: the owner opens and closes a drop by itself, at the time set', async (t) => {
  const { host, clock, bus } = await startHost();
  await createDrop(host, 5, { startsAt: NOW + 10_000, endsAt: NOW + 20_000 });
  const milestones = listen(bus, 'creator.creator');
  t.is(codeOf((await host.execute([place('ann')]))[0]), 'drop-not-live');
  await clock.advance(9_999);
  t.is(milestones.length, 0);
  await clock.advance(1);
  t.is(codeOf((await host.execute([place('ann')]))[0]), 'ok');
  await clock.advance(10_000);
  t.is(codeOf((await host.execute([place('bob')]))[0]), 'drop-ended');
  t.deepEqual(
    milestones.map((message) => message.type === 'milestone' && message.milestone.type),
    ['started', 'ended'],
  );
});

test('N5a: starts and ends are on the topic of all drops, before the creator’s', async (t) => {
  const { host, clock, bus } = await startHost();
  const told: string[] = [];
  for (const topic of ['drops.status', 'creator.creator']) {
    bus.subscribe(topic, (message) => {
      if (message.type === 'milestone') told.push(`${topic} ${message.milestone.type}`);
    });
  }
  await createDrop(host, 1, { startsAt: NOW + 10_000, endsAt: NOW + 20_000 });
  await clock.advance(10_000);
  await order(host, 'ann');
  await clock.advance(10_000);
  t.deepEqual(told, [
    'creator.creator scheduled',
    'drops.status started',
    'creator.creator started',
    'creator.creator sold_out',
    'drops.status ended',
    'creator.creator ended',
  ]);
});

test('D10: of an unlisted drop its own topic tells alone', async (t) => {
  const { host, clock, bus } = await startHost();
  const told: string[] = [];
  for (const topic of ['drops.status', 'creator.creator'])
    bus.subscribe(topic, () => void told.push(topic));
  const ofDrop = listen(bus, 'drop.d_1');
  const times = { startsAt: NOW + 10_000, endsAt: NOW + 20_000 };
  await createDrop(host, 1, { ...times, unlisted: true });
  await clock.advance(10_000);
  await order(host, 'ann');
  await clock.advance(10_000);
  t.deepEqual(told, []);
  const said = ofDrop.flatMap((one) => (one.type === 'drop' ? one.milestones : []));
  t.deepEqual(
    said.map(({ type, view }) => `${type} ${view.unlisted}`),
    ['scheduled true', 'started true', 'sold_out true', 'ended true'],
  );
});

test('O11: a hold ends at its deadline, also if no node owned the shard then', async (t) => {
  const first = await startHost();
  await createDrop(first.host, 1, { payment: 'provider', holdSeconds: 60 });
  const { order: held } = await order(first.host, 'ann');
  t.is(held.status, 'reserved');
  await first.clock.advance(59_999);
  t.is(codeOf((await first.host.execute([place('bob')]))[0]), 'sold-out');
  await first.host.stop();
  await first.clock.advance(60_000);
  const { host } = await startHost(first);
  const seen = await ask(host, {
    type: 'get-order',
    dropId: 'd_1',
    orderId: held.id,
    userId: 'ann',
  });
  t.is(seen.ok && seen.value.status, 'expired');
  t.false((await order(host, 'bob')).replayed);
});

test('D3: cancelling a drop cancels what is held and refunds what was sold', async (t) => {
  const { host, clock, consumer, relay } = await startHost();
  await createDrop(host, 5000, { payment: 'provider', limitPerUser: 1 });
  const orders = await host.execute(Array.from({ length: 3000 }, (_, i) => place(`user${i}`)));
  for (const reply of orders.slice(0, 1500)) {
    const { id } = (reply as { value: PlacedOrder }).value.order;
    await ask(host, {
      type: 'settle-payment',
      dropId: 'd_1',
      orderId: id,
      succeeded: true,
      reference: `ref-${id}`,
    });
  }
  const caller = { userId: 'creator', operator: false };
  await ask(host, { type: 'cancel-drop', dropId: 'd_1', caller });
  await clock.advance(1000);
  const view = await ask(host, { type: 'get-drop', dropId: 'd_1' });
  t.like(view.ok && view.value, { status: 'cancelled', held: 0, sold: 0, free: 5000 });
  await relay.caughtUp();
  const last = new Map(
    consumer.batches.flatMap((batch) => batch.facts).map((fact) => [fact.order?.id, fact.order]),
  );
  last.delete(undefined);
  const statuses = [...last.values()].map((one) => `${one?.status} ${one?.refundRequested}`);
  t.is(statuses.filter((status) => status === 'cancelled false').length, 1500);
  t.is(statuses.filter((status) => status === 'refunded true').length, 1500);
});

test('H6: past its bound a shard refuses at once, and what was admitted is served', async (t) => {
  const { host, journal } = await startHost();
  await createDrop(host, 1_000_000);
  journal.hold();
  const first = host.execute([place('first')]);
  await flush();
  const waiting = host.execute(
    Array.from({ length: MAILBOX_LENGTH_MAX }, (_, i) => place(`user${i}`)),
  );
  t.deepEqual((await host.execute([place('late')])).map(codeOf), ['overloaded']);
  journal.release();
  t.deepEqual((await first).map(codeOf), ['ok']);
  t.true((await waiting).every((reply) => reply.ok));
});

test('J5: damage stops the shard with a clear error, and nothing is skipped', async (t) => {
  const first = await startHost();
  await createDrop(first.host, 5);
  const shard = shardOf('d_1', 4);
  const { epoch, sequence } = first.host.shards[shard]!;
  const bad = encodeEntry({ shard, sequence: sequence + 1, time: NOW, changes: [] });
  bad[bad.length - 1]! ^= 1;
  await first.journal.inner.append(shard, epoch, sequence + 1, bad);
  const { host } = await startHost(first);
  t.is(host.shards[shard]!.status, 'damaged');
  t.is(
    host.shards[shard]!.fault,
    `entry ${sequence + 1} of shard ${shard} does not match its checksum`,
  );
  t.deepEqual((await host.execute([place('ann')])).map(codeOf), ['unavailable']);
  const starting = host.shards[shard]!.start({ admitting: true });
  t.deepEqual((await host.execute([place('ann')])).map(codeOf), ['unavailable']);
  await starting;
});

test('a drop that is over is sealed, and still answers replays and refunds', async (t) => {
  const { host, clock, snapshots, ...rest } = await startHost();
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  const placed = await order(host, 'ann');
  await clock.advance(200_000);
  const shard = host.shards[shardOf('d_1', 4)]!;
  t.is(await shard.inspect((drops) => drops.size), 0);
  const again = await order(host, 'ann');
  t.deepEqual(again, { order: placed.order, replayed: true });
  const refund: DropCommand = {
    type: 'refund-order',
    dropId: 'd_1',
    orderId: placed.order.id,
    caller: { userId: 'creator', operator: false },
  };
  t.is(codeOf((await host.execute([refund]))[0]), 'ok');
  await clock.advance(200_000);
  t.is(await shard.inspect((drops) => drops.size), 0);
  const restarted = await startHost({ host, clock, snapshots, ...rest });
  const seen = await ask(restarted.host, {
    type: 'get-order',
    dropId: 'd_1',
    orderId: placed.order.id,
    userId: 'ann',
  });
  t.is(seen.ok && seen.value.status, 'refunded');
});

test('O2: a drop is sealed as its journal has it, whatever is decided right after', async (t) => {
  const { host, journal, clock } = await startHost(undefined, 1);
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  await createDrop(host, 5, { id: 'd_2' });
  const { order: placed } = await order(host, 'ann');
  await clock.advance(10_000 + 29_999);
  journal.hold();
  const other = host.execute([place('ann', 'key', 1, 'd_2')]);
  // The drop has been over for long enough, and waits for the entry in flight; so does a refund.
  await clock.advance(1);
  const caller = { userId: 'creator', operator: false };
  const question = { dropId: 'd_1', orderId: placed.id };
  const refund = host.execute([{ type: 'refund-order', ...question, caller }]);
  journal.release();
  journal.hold();
  t.deepEqual((await other).map(codeOf), ['ok']);
  await flush();
  journal.failures = ['before'];
  journal.release();
  t.deepEqual((await refund).map(codeOf), ['unavailable']);
  await clock.advance(100_000);
  t.is(await host.shards[0]!.inspect((drops) => drops.has('d_1')), false);
  const seen = await ask(host, { type: 'get-order', ...question, userId: 'ann' });
  t.deepEqual(seen, { ok: true, value: placed });
});

test('an unknown drop is not found', async (t) => {
  const { host } = await startHost();
  t.deepEqual(
    (await host.execute([place('ann'), { type: 'get-drop', dropId: 'd_nope' }])).map(codeOf),
    ['not-found', 'not-found'],
  );
});
