// The placement's contract in memory, and to the millisecond what no real clock can show.

import test from 'ava';
import { MemoryPlacementStore } from '../../storage/memory/placement-memory.ts';
import { LOST_SESSION_RETENTION_MS } from '../../storage/ports/placement.ts';
import { placementContract } from './contract/placement.ts';

let now = 0;
const clock = () => now;

placementContract({
  on: 'memory',
  skip: false,
  fixture: async () => {
    return {
      stores: [new MemoryPlacementStore({ now: clock })],
      forgetful: new MemoryPlacementStore({ now: clock, lostSessionRetentionMs: 1 }),
      pass: async (ms) => {
        now += ms;
      },
    };
  },
});

test.serial(
  'W3: a session lives up to its last millisecond, and is known as lost for an hour',
  async (t) => {
    const store = new MemoryPlacementStore({ now: clock });
    const session = {
      nodeId: 'a',
      incarnation: 'a-1',
      weight: 1,
      leaving: false,
      clockIsWrong: false,
      startedAt: 1,
      url: null,
      liveShards: [],
      level: 0,
    };
    await store.renewSession(session, 3_000);
    const states: [number, number][] = [];
    for (const ms of [2_999, 1, LOST_SESSION_RETENTION_MS - 1, 1]) {
      now += ms;
      const { sessions, lost } = await store.load();
      states.push([sessions.length, lost.length]);
    }
    t.deepEqual(states, [
      [1, 0],
      [0, 1],
      [0, 1],
      [0, 0],
    ]);
  },
);
