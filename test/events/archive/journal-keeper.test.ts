import test from 'ava';
import { StoredKeeper } from '../../../events/archive/journal-keeper.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { ReachedLevel } from '../../../storage/ports/feature-level.ts';

test('J8: entries are needed by the slowest consumer, and by any node that reads no archive', async (t) => {
  const { journal, readModels, consumerPositions } = memoryStores();
  const levels = new ReachedLevel(1);
  const consumers = ['payments', 'search'];
  const positions = consumerPositions;
  const keeper = new StoredKeeper({ journal, readModels, positions, consumers, levels });
  await readModels.store([{ shard: 1, sequence: 30, time: 1, rows: [] }], () => false);
  await positions.save('payments', [{ shard: 1, sequence: 20 }]);
  levels.raise(2);
  t.is(await keeper.consumed(1), 0, 'one consumer has not begun');
  await positions.save('search', [{ shard: 1, sequence: 25 }]);
  t.is(await keeper.consumed(1), 20);
  await positions.save('payments', [{ shard: 1, sequence: 40 }]);
  t.is(await keeper.consumed(1), 25);
  await positions.save('search', [{ shard: 1, sequence: 40 }]);
  t.is(await keeper.consumed(1), 30, 'the lists come last');
  const older = { journal, readModels, positions, consumers, levels: new ReachedLevel(1) };
  t.is(await new StoredKeeper(older).consumed(1), 0);
});
