// Preloaded into a server under test after `clock-at.ts`: the time of its Redis begins at
// TEST_CLOCK_AT too, as if both machines had that clock. Otherwise the server would not start.

import { RedisPlacementStore } from '../../storage/redis/placement/placement-redis.ts';

let offset: number | null = null;

function shifted(storeTime: number): number {
  offset ??= Date.now() - storeTime;
  return storeTime + offset;
}

type ReadsTime = (this: RedisPlacementStore, ...args: unknown[]) => Promise<number>;
const methods = RedisPlacementStore.prototype as unknown as Record<string, ReadsTime>;
for (const name of ['time', 'renewSession']) {
  const read = methods[name]!;
  methods[name] = async function (...args) {
    return shifted(await read.apply(this, args));
  };
}
