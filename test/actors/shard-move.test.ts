import test from 'ava';
import pino from 'pino';
import { PERMANENT_LEASE } from '../../actors/cluster/lease.ts';
import { moveShard } from '../../actors/cluster/shard-move.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { MemoryPlacementStore } from '../../storage/memory/placement-memory.ts';
import { createDrop, NOW, order, startHost } from './harness.ts';

test('W6: a shard taken back with a lost answer goes on serving', async (t) => {
  const { host, clock } = await startHost(undefined, 1);
  await createDrop(host, 5);
  const placement = new MemoryPlacementStore({ now: () => clock.now() });
  const self = { nodeId: 'a', incarnation: 'first' };
  const session = {
    ...self,
    weight: 1,
    leaving: false,
    clockIsWrong: false,
    startedAt: NOW,
    url: null,
    liveShards: [],
    level: 0,
  };
  await placement.renewSession(session, 60_000);
  const version = (await placement.claimShard(0, self.nodeId, self.incarnation, 0))!;
  const claim = placement.claimShard.bind(placement);
  let claims = 0;
  placement.claimShard = async (...args) => {
    const claimed = await claim(...args);
    claims += 1;
    if (claims === 1) throw new StoreUnavailableError('the answer was lost');
    return claimed;
  };
  const moving = moveShard({
    shard: host.shards[0]!,
    self,
    to: 'b',
    version,
    reason: 'test',
    peers: {
      warm: () => Promise.resolve(null),
      takeOver: () => Promise.reject(new Error('b does not answer')),
      placementChanged: () => undefined,
    },
    lease: PERMANENT_LEASE,
    placement,
    clock,
    log: pino({ level: 'silent' }),
  });
  await clock.advance(1_000);
  const outcome = await moving;
  t.like(outcome, { held: true, version: version + 1, record: { result: 'rolled-back' } });
  t.false((await order(host, 'ann')).replayed);
});
