// The source's side of a move, as a small state machine: each step has a deadline, and every path
// ends with a record that says how and why (W6).
//
//   warm          the target replays snapshot and journal while the source serves
//   end admission the source takes no more commands into batches; they wait in its mailbox
//   flush         the append in flight ends, so the journal is complete: the shard is sealed
//   take over     the target claims the placement record at the version the source holds, claims the journal, replays the rest, serves
//   redirect      the source forgets the shard, and what waited is sent on
//
// The placement record decides. Where the target did not answer, the source raises its own record's
// version: if that succeeds the target can never take over any more, nothing was claimed, and the
// source goes on with the memory it has. If it does not, the target has the shard. So a late
// message finds a version that is gone. Where the store does not answer either until the lease is
// over, the source gives the shard up, and whoever finds the record later goes on from there.

import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import type { MoveRecord } from '../../contracts/operator.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from './lease.ts';
import type { MovePeers, NodeRun } from './move-protocol.ts';
import type { Shard } from '../shard/shard.ts';

const TAKE_BACK_DELAY_MS = 100;

export interface ShardMoveOptions {
  readonly shard: Shard;
  readonly self: NodeRun;
  readonly to: string;
  /** Of the placement record held. */
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
  /** The source gives the shard up; `taken`: the target has it. */
  | { readonly held: false; readonly taken: boolean; readonly record: MoveRecord }
  /** The source goes on, at this version. */
  | { readonly held: true; readonly version: number; readonly record: MoveRecord };

/** Never rejects. */
export async function moveShard(options: ShardMoveOptions): Promise<MoveOutcome> {
  const { shard, self, to, clock, reason } = options;
  const startedAt = clock.now();
  /** On the monotonic clock; what is said to people is wall time. */
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

  const cold = await attempt(() => options.peers.warm(to, shard.id));
  if (cold !== null) {
    const why = `${to} could not prepare: ${cold}`;
    return { held: true, version: options.version, record: record('abandoned', why) };
  }
  admissionEndedAt = clock.monotonic();
  const sealed = await shard.leave();
  if (sealed === null) {
    // Its append failed, or it was lost: ownership sees to it.
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
  if (version === 'unknown') {
    const why = `${to} did not answer (${failed}), and nor did the store, so it was given up`;
    return { held: false, taken: false, record: record('abandoned', why) };
  }
  shard.resume();
  return { held: true, version, record: record('rolled-back', `${to} did not take it: ${failed}`) };
}

/** The answer, or what went wrong as a sentence; null: done. */
async function attempt(ask: () => Promise<string | null>): Promise<string | null> {
  try {
    return await ask();
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The new version when the shard is this node's again. While the store does not answer nobody can
 * know, so nobody serves: it is asked again as long as the lease lasts.
 */
async function takeBack(options: ShardMoveOptions): Promise<number | 'taken' | 'unknown'> {
  const { shard, self, placement, version, lease, clock, log } = options;
  const { nodeId, incarnation } = self;
  let answerLost = false;
  while (shard.status === 'leaving' && lease.valid()) {
    try {
      const taken = await placement.claimShard(shard.id, nodeId, incarnation, version);
      if (taken !== null) return taken;
      return answerLost ? await takenBefore(options) : 'taken';
    } catch (error) {
      answerLost = true;
      log.warn({ err: error, shard: shard.id }, 'a move cannot be taken back yet');
      await new Promise<void>((resolve) => clock.after(TAKE_BACK_DELAY_MS, resolve));
    }
  }
  return 'unknown';
}

/**
 * The version, where a claim whose answer was lost has made the shard this node's. Errors:
 * `store-unavailable`.
 */
async function takenBefore(options: ShardMoveOptions): Promise<number | 'taken'> {
  const { shard, self, placement, version } = options;
  const record = (await placement.load()).shards.get(shard.id);
  const isOurs = record?.nodeId === self.nodeId && record.incarnation === self.incarnation;
  return isOurs && record.version === version + 1 ? record.version : 'taken';
}
