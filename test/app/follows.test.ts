// What two nodes publish of one pair that they change at the same time.

import test from 'ava';
import { InProcessLiveBus, type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import { Follows } from '../../app/follows.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';

type FollowMessage = Extract<LiveMessage, { type: 'follow' }>;

const ANN = 'u_ann';
const CLEO = 'u_cleo';

/** A node whose calls of the store each wait, once made, until they are let go. */
function slow(follows: FollowStore) {
  const waiting: (() => void)[] = [];
  const held = async <T>(outcome: Promise<T>): Promise<T> => {
    const value = await outcome;
    await new Promise<void>((resolve) => waiting.push(resolve));
    return value;
  };
  const store: FollowStore = {
    follow: (...args) => held(follows.follow(...args)),
    followOnce: (...args) => held(follows.followOnce(...args)),
    unfollow: (...args) => held(follows.unfollow(...args)),
    isFollowing: (...args) => held(follows.isFollowing(...args)),
    revision: (...args) => held(follows.revision(...args)),
    listFollowers: (...args) => follows.listFollowers(...args),
    listFollowing: (...args) => follows.listFollowing(...args),
    counts: (...args) => follows.counts(...args),
    countsOf: (...args) => follows.countsOf(...args),
    reconcile: (...args) => follows.reconcile(...args),
  };
  return { store, waiting };
}

async function turns(): Promise<void> {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
}

test('F5: the highest revision has the final state, whichever node is slow at any step', async (t) => {
  // The steps of the slow node after which the quick one makes its whole change.
  for (let steps = 0; steps <= 3; steps++) {
    for (const isFollow of [true, false]) {
      const stores = memoryStores();
      const liveBus = new InProcessLiveBus();
      const user = { id: CLEO, email: 'c@example.com', name: 'Cleo', passwordHash: '', roles: [] };
      await stores.accounts.addUser({ ...user, createdAt: 0 });
      if (!isFollow) await stores.follows.follow(ANN, CLEO, 0);
      const heard: FollowMessage[] = [];
      liveBus.subscribe(userTopic(ANN), (message) => void heard.push(message as FollowMessage));
      const { store, waiting } = slow(stores.follows);
      const options = { ...stores, liveBus, now: () => 1 };
      const [slowNode, quickNode] = [
        new Follows({ ...options, follows: store }),
        new Follows(options),
      ];
      const pair = { userId: ANN, creatorId: CLEO };
      const slowly = isFollow ? slowNode.follow(pair) : slowNode.unfollow(pair);
      await turns();
      for (let i = 0; i < steps; i++) {
        waiting.shift()?.();
        await turns();
      }
      await (isFollow ? quickNode.unfollow(pair) : quickNode.follow(pair));
      while (waiting.length > 0) {
        waiting.shift()!();
        await turns();
      }
      await slowly;
      const last = heard.toSorted((a, b) => b.revision! - a.revision!)[0]!;
      t.is(last.following, await stores.follows.isFollowing(ANN, CLEO), `${steps} ${isFollow}`);
      const same = heard.filter(({ revision }) => revision === last.revision);
      t.is(new Set(same.map(({ following }) => following)).size, 1);
    }
  }
});
