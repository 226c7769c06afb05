// Drops that are over leave memory and come back, and no command that comes at that moment may
// notice.

import test, { type ExecutionContext } from 'ava';
import { LoadedDrops } from '../../actors/shard/loaded-drops.ts';
import type { ShardReply } from '../../actors/shard/shard-reply.ts';
import { decodeShardHead } from '../../storage/formats/drop-snapshot.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { NewSealedDrop } from '../../storage/ports/snapshots.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { ask, codeOf, createDrop, type Harness, NOW, order, place, startHost } from './harness.ts';
import { flush, ManualClock } from './manual-clock.ts';

/** d_1 is over and being written to its place; an append for d_2 is under way when that is done. */
async function sealBehindAnAppend(harness: Harness): Promise<{ other: Promise<unknown> }> {
  const { host, journal, snapshots, clock } = harness;
  let written = (): void => undefined;
  const seal = snapshots.sealDrop.bind(snapshots);
  snapshots.sealDrop = async (dropId) => {
    const writer = await seal(dropId);
    const finish = async (drop: NewSealedDrop) => {
      await new Promise<void>((resolve) => {
        written = resolve;
      });
      await writer.finish(drop);
    };
    return { add: (part) => writer.add(part), finish };
  };
  await clock.advance(60_100);
  journal.hold();
  const other = host.execute([place('bob', 'other', 1, 'd_2')]);
  await flush();
  written();
  await flush();
  return { other };
}

test('O3, O9, P4: a drop that is sealed before a command runs is still found', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, journal, clock } = harness;
  await createDrop(host, 5, { endsAt: NOW + 10_000, payment: 'provider', holdSeconds: 5 });
  await createDrop(host, 500, { id: 'd_2', endsAt: NOW + 3_600_000 });
  const { order: placed } = await order(host, 'ann', 'k1');
  await clock.advance(10_000);
  const { other } = await sealBehindAnAppend(harness);
  const question = { dropId: 'd_1', orderId: placed.id };
  const asked = host.execute([
    place('ann', 'k1'),
    { type: 'settle-payment', ...question, succeeded: true, reference: 'r1' },
    { type: 'get-order', ...question, userId: 'ann' },
  ]);
  await flush();
  journal.release();
  await other;
  t.deepEqual((await asked).map(codeOf), ['ok', 'ok', 'ok']);
});

test('a shard that begins again and again has one timer for drops that are over', async (t) => {
  const { host, journal, clock, snapshots } = await startHost(undefined, 1);
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  await createDrop(host, 500, { id: 'd_2', endsAt: NOW + 3_600_000 });
  await clock.advance(10_000);
  snapshots.sealDrop = () => Promise.reject(new StoreUnavailableError('no room'));
  for (let i = 0; i < 10; i++) {
    journal.failures = ['before'];
    await host.execute([place('bob', `key_${i}`, 1, 'd_2')]);
    await clock.advance(100);
  }
  let timers = 0;
  const after = clock.after.bind(clock);
  clock.after = (delayMs, call) => {
    if (delayMs === 30_000) timers += 1;
    return after(delayMs, call);
  };
  await clock.advance(100_000);
  t.true(timers > 0 && timers <= 4, `${timers} timers in 100 s`);
});

test('O3: a command that waits for a load is answered after a restart of the shard', async (t) => {
  const { host, journal, clock, snapshots } = await startHost(undefined, 1);
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  await createDrop(host, 500, { id: 'd_2', endsAt: NOW + 3_600_000 });
  const { order: placed } = await order(host, 'ann', 'k1');
  await clock.advance(200_000);
  t.is(host.shards[0]!.dropCount, 1);
  let read = (): void => undefined;
  const load = snapshots.findSealedDrop.bind(snapshots);
  snapshots.findSealedDrop = async (dropId) => {
    await new Promise<void>((resolve) => {
      read = resolve;
    });
    return load(dropId);
  };
  let replies: readonly ShardReply[] = [];
  void host.execute([place('ann', 'k1')]).then((answer) => {
    replies = answer;
  });
  await flush();
  journal.failures = ['before'];
  t.deepEqual((await host.execute([place('bob', 'k2', 1, 'd_2')])).map(codeOf), ['unavailable']);
  await clock.advance(1_000);
  // The whole journal was replayed, so the drop is in memory by now.
  t.is(host.shards[0]!.dropCount, 2);
  t.deepEqual(replies, []);
  read();
  await flush();
  t.deepEqual(replies, [{ ok: true, value: { order: placed, replayed: true } }]);
});

/** Counts reads of sealed drops' parts, and writes of sealed drops. */
function countStore(snapshots: Harness['snapshots']) {
  const counts = { partsRead: 0, writes: 0 };
  const find = snapshots.findSealedDrop.bind(snapshots);
  snapshots.findSealedDrop = async (dropId) => {
    const sealed = await find(dropId);
    if (sealed === null) return null;
    const { version, head } = sealed;
    const readPart = (name: string) => {
      counts.partsRead += 1;
      return sealed.readPart(name);
    };
    return { version, head, readPart };
  };
  const seal = snapshots.sealDrop.bind(snapshots);
  snapshots.sealDrop = (dropId) => {
    counts.writes += 1;
    return seal(dropId);
  };
  return counts;
}

/** d_1 is over, has an order of ann, and is sealed. */
async function sealedDrop(t: ExecutionContext) {
  const harness = await startHost(undefined, 1);
  const { host, clock } = harness;
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  const { order: placed } = await order(host, 'ann', 'k1');
  await clock.advance(100_000);
  t.is(host.shards[0]!.dropCount, 0);
  const view = (await ask(host, { type: 'get-drop', dropId: 'd_1' })) as { value: DropView };
  t.is(view.value.version, 4);
  return { ...harness, placed };
}

/** As the relay does. */
async function fillRows({ host, orderList }: Harness, rows: readonly OrderView[]): Promise<void> {
  await orderList.put([{ shard: 0, sequence: host.shards[0]!.sequence, rows }]);
}

test('J9: reads of a sealed drop and of its orders neither load nor write it', async (t) => {
  const harness = await sealedDrop(t);
  const { host, clock, snapshots, placed } = harness;
  await fillRows(harness, [placed]);
  const counts = countStore(snapshots);
  const question = { type: 'get-order', dropId: 'd_1', orderId: placed.id } as const;
  for (let i = 0; i < 20; i++) {
    const replies = await host.execute([
      { type: 'get-drop', dropId: 'd_1' },
      { ...question, userId: 'ann' },
      { ...question, userId: 'bob' },
      { ...question, orderId: 'd_1-7', userId: 'ann' },
      { type: 'get-drop', dropId: 'd_unknown' },
    ]);
    const codes = ['ok', 'ok', 'not-found', 'not-found', 'not-found'];
    t.deepEqual(replies.map(codeOf), codes);
    t.like(replies[0], { value: { id: 'd_1', status: 'ended', sold: 1, free: 4 } });
    t.deepEqual(replies[1], { ok: true, value: placed });
    await clock.advance(10_000);
  }
  t.is(host.shards[0]!.dropCount, 0);
  t.deepEqual(counts, { partsRead: 0, writes: 0 });
});

test('J9, O9a: a page of a sealed drop’s orders loads nothing', async (t) => {
  const { host, snapshots, placed } = await sealedDrop(t);
  const counts = countStore(snapshots);
  const list = (userId: string, dropId = 'd_1') =>
    ask(host, {
      type: 'list-orders',
      dropId,
      caller: { userId, operator: false },
      filter: { status: 'confirmed' },
      before: null,
      limit: 10,
    });
  t.deepEqual(await list('creator'), {
    ok: true,
    value: { items: [placed], before: null, version: 4 },
  });
  t.deepEqual(
    [codeOf(await list('ann')), codeOf(await list('x', 'd_2'))],
    ['forbidden', 'not-found'],
  );
  t.is(host.shards[0]!.dropCount, 0);
  // The unfinished segments, for each of the two.
  t.deepEqual(counts, { partsRead: 2, writes: 0 });
});

test('J9: an order list that is behind its drop does not answer for an order', async (t) => {
  const harness = await sealedDrop(t);
  const { host, clock, placed } = harness;
  await fillRows(harness, [placed]);
  const question = { dropId: 'd_1', orderId: placed.id } as const;
  const caller = { userId: 'creator', operator: false };
  t.is(codeOf((await host.execute([{ type: 'refund-order', ...question, caller }]))[0]), 'ok');
  await clock.advance(100_000);
  t.is(host.shards[0]!.dropCount, 0);
  const read = await ask(host, { type: 'get-order', ...question, userId: 'ann' });
  t.like(read, { ok: true, value: { status: 'refunded' } });
});

test('J9, O3: an order on a sealed drop loads it only for somebody who may have one of it', async (t) => {
  const harness = await sealedDrop(t);
  const { host, snapshots, placed } = harness;
  await fillRows(harness, [placed]);
  const counts = countStore(snapshots);
  const ended = { ok: false, code: 'drop-ended', version: 4 };
  for (const userId of ['bob', 'eve'])
    t.like(await ask(host, place(userId, 'k1')), ended, 'nobody may place an order again');
  t.deepEqual([host.shards[0]!.dropCount, counts.partsRead], [0, 0]);
  const again = await ask(host, place('ann', 'k1'));
  t.deepEqual(again, { ok: true, value: { order: placed, replayed: true } });
  t.like(await ask(host, place('ann', 'k2')), ended);
  t.is(host.shards[0]!.dropCount, 1);
});

test('an order that comes right behind the creation of its drop is placed', async (t) => {
  const { host, journal } = await startHost(undefined, 1);
  await createDrop(host, 5);
  journal.hold();
  const first = host.execute([place('ann', 'k1')]);
  await flush();
  const created = createDrop(host, 5, { id: 'd_2' });
  const behind = host.execute([place('bob', 'k2', 1, 'd_2')]);
  await flush();
  journal.release();
  t.is((await created).id, 'd_2');
  t.deepEqual([...(await first), ...(await behind)].map(codeOf), ['ok', 'ok']);
  t.is(codeOf(await ask(host, place('bob', 'k3', 1, 'd_none'))), 'not-found');
});

test('J9, O3: somebody with many later orders, and lists that are behind, have the drop loaded', async (t) => {
  const harness = await sealedDrop(t);
  const { host, placed, clock } = harness;
  t.like(await ask(host, place('bob', 'k1')), { code: 'drop-ended' });
  t.is(host.shards[0]!.dropCount, 1, 'the lists are behind');
  await clock.advance(100_000);
  const later = Array.from({ length: 150 }, (_, i) => ({
    ...placed,
    id: `d_9-${i}`,
    dropId: 'd_9',
    createdAt: placed.createdAt + i,
  }));
  await fillRows(harness, [placed, ...later]);
  t.is(host.shards[0]!.dropCount, 0);
  t.like(await ask(host, place('ann', 'k1')), { ok: true, value: { replayed: true } });
});

test('D3a: a sealed drop is cancelled, its orders are refunded, and it is sealed again', async (t) => {
  const harness = await sealedDrop(t);
  const { host, clock, placed } = harness;
  const caller = { userId: 'creator', operator: false };
  const cancel = { type: 'cancel-drop', dropId: 'd_1', caller, alsoEnded: true } as const;
  t.like(await ask(host, cancel), { ok: true, value: { status: 'cancelled' } });
  await clock.advance(100_000);
  t.is(host.shards[0]!.dropCount, 0);
  t.like(await ask(host, { type: 'get-drop', dropId: 'd_1' }), {
    value: { status: 'cancelled', sold: 0, free: 5 },
  });
  const question = { type: 'get-order', dropId: 'd_1', orderId: placed.id, userId: 'ann' } as const;
  t.like(await ask(host, question), { ok: true, value: { status: 'refunded' } });
});

test('J9: reads do not hold a drop that is over in memory', async (t) => {
  const { host, clock } = await startHost(undefined, 1);
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  await order(host, 'ann', 'k1');
  await clock.advance(10_000);
  t.is(host.shards[0]!.dropCount, 1);
  for (let i = 0; i < 20; i++) {
    await ask(host, { type: 'get-drop', dropId: 'd_1' });
    await clock.advance(5_000);
  }
  t.is(host.shards[0]!.dropCount, 0);
});

test('J9: a loaded drop that does not change leaves without a write', async (t) => {
  const { host, clock, snapshots, journal } = await sealedDrop(t);
  const counts = countStore(snapshots);
  t.true((await order(host, 'ann', 'k1')).replayed);
  t.is(host.shards[0]!.dropCount, 1);
  t.true(counts.partsRead > 0);
  await clock.advance(100_000);
  t.is(host.shards[0]!.dropCount, 0);
  t.is(counts.writes, 0);
  // Nor does one that a restart brings back from the journal.
  await host.stop();
  const again = await startHost({ ...(await sealedDrop(t)), journal, snapshots, clock }, 1);
  t.is(again.host.shards[0]!.dropCount, 1);
  await clock.advance(100_000);
  t.is(again.host.shards[0]!.dropCount, 0);
  t.is(counts.writes, 0);
});

test('J9: a snapshot leaves out a loaded drop that is sealed as it stands', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock, snapshots } = harness;
  // As many events as a clean stop saves a snapshot for.
  await createDrop(host, 2000, { endsAt: NOW + 10_000, limitPerUser: 2000 });
  await host.execute(Array.from({ length: 1001 }, (_, i) => place('ann', `k${i}`)));
  await clock.advance(100_000);
  t.is(host.shards[0]!.dropCount, 0);
  t.true((await order(host, 'ann', 'k7')).replayed);
  t.is(host.shards[0]!.dropCount, 1);
  await host.stop();
  const { snapshot } = (await snapshots.loadSnapshot(0))!;
  t.deepEqual(decodeShardHead(snapshot.head, 0).drops, []);
  const again = await startHost(harness, 1);
  t.true((await order(again.host, 'ann', 'k7')).replayed);
});

test('J9: loaded drops together stay below their bound, and the least recent one leaves', async (t) => {
  const harness = await startHost(undefined, 1, 0, 7_000);
  const { host, clock, snapshots } = harness;
  const ids = ['d_1', 'd_2', 'd_3', 'd_4'];
  for (const id of ids) await createDrop(host, 5, { id, endsAt: NOW + 10_000 });
  for (const id of ids) await host.execute([place('ann', 'k1', 1, id)]);
  await clock.advance(100_000);
  t.is(host.shards[0]!.dropCount, 0);
  const counts = countStore(snapshots);
  const replay = (id: string) => host.execute([place('ann', 'k1', 1, id)]);
  const inMemory = () => host.shards[0]!.inspect((drops) => [...drops.keys()].toSorted());
  for (const id of ['d_1', 'd_2']) t.deepEqual((await replay(id)).map(codeOf), ['ok']);
  t.deepEqual(await inMemory(), ['d_1', 'd_2']);
  await replay('d_1');
  t.deepEqual((await replay('d_3')).map(codeOf), ['ok']);
  t.deepEqual(await inMemory(), ['d_1', 'd_3'], 'd_2 was not used for the longest time');
  // All at once: each has its turn.
  const replies = await Promise.all(ids.map(replay));
  t.deepEqual(replies.flat().map(codeOf), ['ok', 'ok', 'ok', 'ok']);
  t.is((await inMemory()).length, 2);
  t.is(counts.writes, 0);
});

test('J9: a drop larger than the bound loads alone, and is sealed before another loads', async (t) => {
  const harness = await startHost(undefined, 1, 0, 1);
  const { host, clock, snapshots } = harness;
  const ids = ['d_1', 'd_2'];
  for (const id of ids) await createDrop(host, 5, { id, endsAt: NOW + 10_000 });
  for (const id of ids) await host.execute([place('ann', 'k1', 1, id)]);
  await clock.advance(100_000);
  const version = async () => (await snapshots.findSealedDrop('d_1'))!.version;
  t.is(await version(), 4);
  const caller = { userId: 'creator', operator: false };
  const refund = { type: 'refund-order', dropId: 'd_1', orderId: 'd_1-0', caller } as const;
  t.is(codeOf(await ask(host, refund)), 'ok');
  t.is(await version(), 4);
  t.deepEqual((await host.execute([place('ann', 'k1', 1, 'd_2')])).map(codeOf), ['ok']);
  t.is(await version(), 5);
  t.deepEqual(await host.shards[0]!.inspect((drops) => [...drops.keys()]), ['d_2']);
});

test('J9: a load waits until a drop that cannot leave yet has left', async (t) => {
  const clock = new ManualClock(NOW);
  const loaded = new LoadedDrops({ clock, bytesMax: 100 });
  let tries = 0;
  await loaded.admit('d_1', 100, async () => {
    tries += 1;
    if (tries === 3) loaded.remove('d_1');
  });
  let admitted = false;
  const waiting = loaded.admit('d_2', 1, async () => {}).then(() => (admitted = true));
  await clock.advance(50);
  t.deepEqual([tries, admitted], [1, false]);
  await clock.advance(1_000);
  await waiting;
  t.deepEqual([tries, loaded.bytes], [3, 1]);
  t.is(clock.timerCount, 0);
});
