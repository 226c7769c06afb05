// Drops that are over leave memory and come back, and no command that comes at that moment may
// notice.

import test from 'ava';
import type { ShardReply } from '../../actors/shard/shard-reply.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { codeOf, createDrop, type Harness, NOW, order, place, startHost } from './harness.ts';
import { flush } from './manual-clock.ts';

/** d_1 is over and being written to its place; an append for d_2 is under way when that is done. */
async function sealBehindAnAppend(harness: Harness): Promise<{ other: Promise<unknown> }> {
  const { host, journal, snapshots, clock } = harness;
  let written = (): void => undefined;
  const save = snapshots.saveSealedDrop.bind(snapshots);
  snapshots.saveSealedDrop = async (...drop) => {
    await new Promise<void>((resolve) => {
      written = resolve;
    });
    return save(...drop);
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
  snapshots.saveSealedDrop = () => Promise.reject(new StoreUnavailableError('no room'));
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
  const load = snapshots.loadSealedDrop.bind(snapshots);
  snapshots.loadSealedDrop = async (dropId) => {
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
