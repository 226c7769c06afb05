// Drops that are over go out of memory and come back, and nobody who asks for one at that moment may notice.

import test from 'ava';
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

test('O3, O9, P4: commands that found a drop in memory are not told, once it is sealed, that there is none', async (t) => {
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
