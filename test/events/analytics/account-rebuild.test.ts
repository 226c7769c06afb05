// The account that is made anew, and ends in the middle.

import test from 'ava';
import { rebuildAccount } from '../../../events/analytics/account-rebuild.ts';
import { MemoryAnalytics } from '../../../storage/memory/analytics-memory.ts';
import { createDrop, place, startHost } from '../../actors/harness.ts';

const NOTHING = { positions: [], drops: [], segments: [], amounts: [] };

test('L2: an account that is not made to its end leaves nothing, and the other one serves', async (t) => {
  const { host, journal } = await startHost(undefined, 1);
  await createDrop(host, 10);
  await host.execute([place('ann')]);
  const store = new MemoryAnalytics();
  const begun: number[] = [];
  const begin = store.begin.bind(store);
  store.begin = async () => {
    begun.push(await begin());
    return begun.at(-1)!;
  };
  const options = { store, journal, shardCount: 1, pause: async () => undefined };
  const stopped = new AbortController();
  stopped.abort(new Error('stopped'));
  const context = { signal: stopped.signal, progress: () => undefined };
  await t.throwsAsync(rebuildAccount(options, context), { message: 'stopped' });
  t.is(await store.generation(), 1);
  t.true(await store.exact(1).commit(NOTHING));
  t.false(await store.exact(begun[0]!).commit(NOTHING));
  const { signal } = new AbortController();
  await rebuildAccount(options, { ...context, signal });
  t.is(await store.generation(), begun[1]!);
});
