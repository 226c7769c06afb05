import test from 'ava';
import pino from 'pino';
import { PERMANENT_LEASE } from '../../actors/cluster/lease.ts';
import { moveShard, type ShardMoveOptions } from '../../actors/cluster/shard-move.ts';
import type { Shard } from '../../actors/shard/shard.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { MemoryPlacementStore } from '../../storage/memory/placement-memory.ts';
import { createDrop, NOW, order, startHost } from './harness.ts';

const SELF = { nodeId: 'a', incarnation: 'first' };

/** A node that serves one shard with a drop, and what a move of it to `b` needs. */
async function startSource() {
  const { host, clock } = await startHost(undefined, 1);
  await createDrop(host, 5);
  const placement = new MemoryPlacementStore({ now: () => clock.now() });
  const session = {
    ...SELF,
    weight: 1,
    leaving: false,
    clockIsWrong: false,
    startedAt: NOW,
    url: null,
    liveShards: [],
    level: 0,
  };
  await placement.renewSession(session, 60_000);
  const version = (await placement.claimShard(0, SELF.nodeId, SELF.incarnation, 0))!;
  const shard = host.shards[0]!;
  const options: ShardMoveOptions = {
    shard,
    isHeld: () => true,
    self: SELF,
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
  };
  return { host, clock, placement, shard, options };
}

/** Loses the shard to another node, and takes it over again. */
async function loseAndTakeOver(shard: Shard): Promise<void> {
  shard.abandon();
  await shard.start();
}

test('W6: a shard taken back with a lost answer goes on serving', async (t) => {
  const { host, clock, placement, options } = await startSource();
  const claim = placement.claimShard.bind(placement);
  let claims = 0;
  placement.claimShard = async (...args) => {
    const claimed = await claim(...args);
    claims += 1;
    if (claims === 1) throw new StoreUnavailableError('the answer was lost');
    return claimed;
  };
  const moving = moveShard(options);
  await clock.advance(1_000);
  const outcome = await moving;
  const version = options.version + 1;
  t.like(outcome, { held: true, version, record: { result: 'rolled-back' } });
  t.false((await order(host, 'ann')).replayed);
});

test('W6: a late answer of the target leaves a shard that came back alone', async (t) => {
  const { host, shard, options } = await startSource();
  const ready = Promise.withResolvers<null>();
  let held = true;
  const peers = { ...options.peers, warm: () => ready.promise };
  const moving = moveShard({ ...options, isHeld: () => held, peers });
  held = false;
  await loseAndTakeOver(shard);
  ready.resolve(null);
  const record = { result: 'abandoned', blackoutMs: null } as const;
  t.like(await moving, { held: false, taken: false, record });
  t.is(shard.status, 'serving');
  t.false((await order(host, 'ann')).replayed);
});

for (const answer of ['late', 'lost'] as const) {
  test(`W6: a claim with a ${answer} answer does not end a later move of the shard`, async (t) => {
    const { clock, placement, shard, options } = await startSource();
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    const claim = placement.claimShard.bind(placement);
    let claims = 0;
    placement.claimShard = async (...args) => {
      const claimed = await claim(...args);
      claims += 1;
      asked.resolve();
      await answered.promise;
      if (answer === 'lost') throw new StoreUnavailableError('the answer was lost');
      return claimed;
    };
    let held = true;
    const moving = moveShard({ ...options, isHeld: () => held });
    await asked.promise;
    held = false;
    await loseAndTakeOver(shard);
    await shard.leave();
    answered.resolve();
    await clock.advance(1_000);
    t.like(await moving, { held: false, taken: false, record: { result: 'abandoned' } });
    t.is(claims, 1);
    t.is(shard.status, 'leaving');
  });
}
