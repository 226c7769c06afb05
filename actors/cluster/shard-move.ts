// The source's side of a move, as a small state machine. Each step has a deadline, and every path
// ends with a record of the result and its reason (W6).
//
//   warm          the target replays snapshot and journal while the source serves
//   end admission the source batches no more commands: they wait in its mailbox
//   flush         the append in flight ends, so the journal is complete: the shard is sealed
//   take over     the target claims the placement record at the source's version, claims the
//                 journal, replays the rest, and serves
//   redirect      the source drops the shard, and the waiting commands are redirected
//
// The placement record decides. If the target did not answer, the source raises the version of its
// own record. If that succeeds, the target can never take over, since its request names the old
// version: the target claimed nothing, and the source goes on with the memory it has. If it fails,
// the target has the shard. If the store does not answer either until the lease ends, the source
// gives the shard up, and the node that the record names claims it later.
//
// A move ends with the hold that it began with. While it waits for the target or the store, the
// source can lose the shard, with its lease, and get it back by another move. The shard is then a
// new owner's in all but the name of the node, and answers that come late must leave it alone.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import type { MoveRecord } from '../../contracts/operator.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from './lease.ts';
import type { MovePeers, NodeRun } from './move-protocol.ts';
import type { Shard } from '../shard/shard.ts';

const TAKE_BACK_RETRY_MS = 100;

export interface ShardMoveOptions {
  readonly shard: Shard;
  /** False once the source has given the shard up, also where it holds the shard again. */
  readonly isHeld: () => boolean;
  readonly self: NodeRun;
  readonly to: string;
  /** The version of the source's placement record. */
  readonly version: number;
  /** Why the shard is moved. */
  readonly reason: string;
  readonly peers: MovePeers;
  readonly lease: Lease;
  readonly placement: PlacementStore;
  readonly clock: Clock;
  readonly log: Logger;
}

export type MoveOutcome =
  /** The source must give the shard up. `taken`: the target has the shard. */
  | { readonly held: false; readonly taken: boolean; readonly record: MoveRecord }
  /** The source goes on serving, at this version. */
  | { readonly held: true; readonly version: number; readonly record: MoveRecord };

/** Never rejects. */
export async function moveShard(options: ShardMoveOptions): Promise<MoveOutcome> {
  const { shard, isHeld, self, to, clock, reason } = options;
  const startedAt = clock.now();
  /** Monotonic time. */
  let admissionEndedAt: number | null = null;
  const record = (result: MoveRecord['result'], why: string | null): MoveRecord => ({
    id: randomUUID(),
    shard: shard.id,
    from: self.nodeId,
    to,
    startedAt,
    endedAt: clock.now(),
    blackoutMs: admissionEndedAt === null ? null : clock.monotonic() - admissionEndedAt,
    result,
    reason: why === null ? reason : `${reason}; ${why}`,
  });

  const warmFailure = await attempt(() => options.peers.warm(to, shard.id));
  if (warmFailure !== null) {
    const why = `${to} could not prepare: ${warmFailure}`;
    return { held: true, version: options.version, record: record('abandoned', why) };
  }
  if (!isHeld()) {
    const why = `${self.nodeId} lost the shard before it could be handed over`;
    return { held: false, taken: false, record: record('abandoned', why) };
  }
  admissionEndedAt = clock.monotonic();
  const sealed = await shard.leave();
  if (sealed === null) {
    // An append failed, or the shard was given up: `actors/cluster/ownership.ts` handles both.
    const why = 'the shard stopped serving before it could be handed over';
    return { held: true, version: options.version, record: record('abandoned', why) };
  }
  const request = { shard: shard.id, from: self, version: options.version };
  const failed = await attempt(() => options.peers.takeOver(to, request));
  if (failed === null) return { held: false, taken: true, record: record('done', null) };
  const version = await takeBack(options);
  if (version === 'taken') {
    const why = `${to} has it, though it said: ${failed}`;
    return { held: false, taken: true, record: record('done', why) };
  }
  if (version === 'unknown' || !isHeld()) {
    const why = `${to} did not answer (${failed}), nor did the store in time: it was given up`;
    return { held: false, taken: false, record: record('abandoned', why) };
  }
  shard.resume();
  return { held: true, version, record: record('rolled-back', `${to} did not take it: ${failed}`) };
}

/** The answer, or the message of the error; null: done. */
async function attempt(ask: () => Promise<string | null>): Promise<string | null> {
  try {
    return await ask();
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * Raises the version of the source's record, and returns the new version. While the store does not
 * answer, the owner is unknown and no node serves: the source retries for as long as it holds the
 * shard and has a lease.
 */
async function takeBack(options: ShardMoveOptions): Promise<number | 'taken' | 'unknown'> {
  const { shard, isHeld, self, placement, version, lease, clock, log } = options;
  const { nodeId, incarnation } = self;
  let answerLost = false;
  while (isHeld() && shard.status === 'leaving' && lease.valid()) {
    try {
      const taken = await placement.claimShard(shard.id, nodeId, incarnation, version);
      if (taken !== null) return taken;
      return answerLost ? await versionOfLostAnswer(options) : 'taken';
    } catch (error) {
      answerLost = true;
      log.warn({ err: error, shard: shard.id }, 'a move could not be taken back yet');
      await new Promise<void>((resolve) => clock.after(TAKE_BACK_RETRY_MS, resolve));
    }
  }
  return 'unknown';
}

/**
 * The version, if an earlier claim succeeded although its answer was lost. Errors:
 * `store-unavailable`.
 */
async function versionOfLostAnswer(options: ShardMoveOptions): Promise<number | 'taken'> {
  const { shard, self, placement, version } = options;
  const record = (await placement.load()).shards.get(shard.id);
  const isOurs = record?.nodeId === self.nodeId && record.incarnation === self.incarnation;
  return isOurs && record.version === version + 1 ? record.version : 'taken';
}
