// A store of changes that was restored from an older copy, under consumers whose positions and rows
// were not: they end with what the restored store has, whatever was written to it meanwhile.

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { systemClock } from '../../../actors/clock.ts';
import { ChangeRunner } from '../../../events/changes/change-runner.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import type { ChangeStream } from '../../../storage/ports/change-stream.ts';
import type { FollowStore } from '../../../storage/ports/follows.ts';
import { eventually } from '../../end-to-end/sale-client.ts';
import { FollowerCounter } from '../../events/changes/follower-counter.ts';

const CREATOR = 'restored_creator';
const TAKEN = 60;
/** Of those, how many the older copy has. */
const COPIED = 3;
const WAIT_MAX_MS = 30_000;

interface ChangingFollows {
  readonly changes: ChangeStream;
  readonly follows: FollowStore;
}

/** `open` gives an empty store of its own each time. */
export function restoredChangesContract(
  open: (t: ExecutionContext) => Promise<ChangingFollows>,
): void {
  async function restored(t: ExecutionContext) {
    const [lost, copy] = [await open(t), await open(t)];
    const counter = new FollowerCounter();
    const positions = new MemoryConsumerPositions();
    const run = async ({ changes, follows }: ChangingFollows) => {
      const log = pino({ level: 'silent' });
      const parts = { consumer: counter, changes, positions, lease: null, clock: systemClock, log };
      const runner = new ChangeRunner(parts);
      runner.start();
      const { followers } = await follows.counts(CREATOR);
      const counted = await eventually(
        async () => counter.followersOf(CREATOR),
        (found) => found === followers,
        WAIT_MAX_MS,
      );
      await eventually(
        () => runner.lag(),
        (lag) => lag === 0,
        WAIT_MAX_MS,
      );
      await runner.stop();
      t.is(counted, followers);
    };
    await follow(lost, 'taken', TAKEN);
    await run(lost);
    const passes = counter.fullPasses;
    await follow(copy, 'taken', COPIED);
    return { lost, copy, counter, passes, run };
  }

  test('C1: a restore takes a position back by one full pass, a restart by none', async (t) => {
    const { copy, counter, passes, run } = await restored(t);
    await run(copy);
    t.true(counter.fullPasses > passes);
    const after = counter.fullPasses;
    await follow(copy, 'new', 2);
    await run(copy);
    await run(copy);
    t.is(counter.fullPasses, after);
  });

  test('C1: a restored stream that passed an unread position loses nothing', async (t) => {
    const { lost, copy, counter, run } = await restored(t);
    await follow(copy, 'new', 5 * TAKEN);
    let overtaken = 0;
    for (let bucket = 0; bucket < copy.changes.bucketCount; bucket++) {
      const before = await lost.changes.head(bucket);
      const now = await copy.changes.head(bucket);
      if (before.last > 0 && now.last > before.last) overtaken += 1;
    }
    t.true(overtaken > 0);
    await run(copy);
    t.true(counter.fullPasses > 0);
  });
}

async function follow({ follows }: ChangingFollows, name: string, count: number): Promise<void> {
  const users = Array.from({ length: count }, (_, i) => `${name}_${i}`);
  await Promise.all(users.map((userId, i) => follows.follow(userId, CREATOR, i + 1)));
}
