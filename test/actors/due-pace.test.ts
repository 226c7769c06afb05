import test from 'ava';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { DuePace } from '../../actors/shard/due-pace.ts';
import { ShardUpkeep } from '../../actors/shard/shard-upkeep.ts';
import { ManualClock } from './manual-clock.ts';

const TURN_MS = 0.05;
const LENGTH_MS = 2000;

/** Time passes only where a test says so. */
class SteppedClock extends ManualClock {
  #passedMs = 0;

  override monotonic(): number {
    return this.#passedMs;
  }

  pass(ms: number): void {
    this.#passedMs += ms;
  }
}

/**
 * Shards that have work without end, of which each takes a slice whenever it may. Returns the time
 * that slices took, and the longest time in which slices followed each other.
 */
function spend(shardCount: number, hasCommands: boolean) {
  const clock = new SteppedClock(0);
  const meter = new SaleMeter();
  const { due: share } = new ShardUpkeep({ meter, clock });
  const paces = Array.from(
    { length: shardCount },
    () => new DuePace({ share, wake: () => undefined }),
  );
  for (const pace of paces) pace.end(true);
  let spentMs = 0;
  let longestMs = 0;
  const slices = paces.map(() => 0);
  while (clock.monotonic() < LENGTH_MS) {
    if (hasCommands) meter.addCommands(1);
    const began = clock.monotonic();
    for (const [shard, pace] of paces.entries()) {
      if (!pace.isReady) continue;
      pace.begin();
      while (!pace.isSpent) clock.pass(TURN_MS);
      pace.end(true);
      slices[shard]! += 1;
    }
    const tookMs = clock.monotonic() - began;
    spentMs += tookMs;
    longestMs = Math.max(longestMs, tookMs);
    clock.pass(0.1);
  }
  return { share: spentMs / LENGTH_MS, longestMs, slices };
}

for (const shardCount of [1, 8, 64]) {
  test(`D2a: ${shardCount} shards with due work take one share of the loop, each its part`, (t) => {
    for (const [hasCommands, share] of [
      [true, 0.02],
      [false, 0.2],
    ] as const) {
      const spent = spend(shardCount, hasCommands);
      t.true(spent.share > share / 2 && spent.share < share * 1.1, `${spent.share}`);
      // A turn is not cut short.
      t.true(spent.longestMs <= 0.25 + shardCount * TURN_MS, `${spent.longestMs}`);
      t.true(Math.min(...spent.slices) > Math.max(...spent.slices) * 0.8, spent.slices.join());
    }
  });
}

test('D2a: a shard whose work ends leaves its part to the others, and never waits', (t) => {
  const clock = new SteppedClock(0);
  const { due: share } = new ShardUpkeep({ meter: new SaleMeter(), clock });
  const [one, two] = [1, 2].map(() => new DuePace({ share, wake: () => undefined }));
  for (const pace of [one!, two!]) {
    pace.begin();
    pace.end(true);
  }
  t.is(share.piecesWithWork, 2);
  one!.begin();
  clock.pass(TURN_MS);
  one!.end(false);
  t.true(one!.isReady);
  t.is(share.piecesWithWork, 1);
  two!.stop();
  two!.stop();
  t.is(share.piecesWithWork, 0);
});
