// What every driver of kept consumer positions must do.

import test from 'ava';
import type { Stores } from '../../../storage/ports/stores.ts';

export function consumerPositionsContract(stores: () => Pick<Stores, 'consumerPositions'>): void {
  test('J1: positions are stored for each consumer and shard', async (t) => {
    const { consumerPositions: positions } = stores();
    t.is(await positions.load('kept', 0), 0);
    await positions.save('kept', [
      { shard: 0, sequence: 5 },
      { shard: 255, sequence: 2 ** 40 },
    ]);
    await positions.save('other', [{ shard: 0, sequence: 7 }]);
    t.is(await positions.load('kept', 0), 5);
    t.is(await positions.load('kept', 255), 2 ** 40);
    t.is(await positions.load('kept', 1), 0);
    t.is(await positions.load('other', 0), 7);
  });

  test('N11: a position never goes back', async (t) => {
    const { consumerPositions: positions } = stores();
    await positions.save('forward', [{ shard: 0, sequence: 5 }]);
    await positions.save('forward', [
      { shard: 0, sequence: 3 },
      { shard: 1, sequence: 1 },
    ]);
    t.is(await positions.load('forward', 0), 5);
    t.is(await positions.load('forward', 1), 1);
    await positions.save('forward', []);
    await positions.save('forward', [{ shard: 0, sequence: 6 }]);
    t.is(await positions.load('forward', 0), 6);
  });

  test('C1: a position that is replaced may go back, and then rises again', async (t) => {
    const { consumerPositions: positions } = stores();
    await positions.save('replaced', [{ shard: 0, sequence: 5 }]);
    await positions.replace('replaced', [
      { shard: 0, sequence: 3 },
      { shard: 1, sequence: 2 ** 32 },
    ]);
    await positions.replace('replaced', []);
    t.is(await positions.load('replaced', 0), 3);
    t.is(await positions.load('replaced', 1), 2 ** 32);
    await positions.save('replaced', [{ shard: 0, sequence: 4 }]);
    t.is(await positions.load('replaced', 0), 4);
  });
}
