// Proves, while the sale runs, that the journals say what memory and the read models say (X2). For
// each shard: every drop in memory is digested at a durable moment of its own; then the journal is
// replayed from its first entry, and each drop is compared when the replay comes to that moment.
// Drops that are over are compared with what is sealed. Replaying asserts S1 at every event. Memory
// is bounded: one drop is copied at a time, and the replay is that of `DropStates`.
//
// Read models may lag, so a drop that changes meanwhile is compared again.

import type { RunContext } from '../../actors/run-context.ts';
import { isDamage } from '../../actors/shard/recovery.ts';
import type { Shard } from '../../actors/shard/shard.ts';
import type { ShardHost } from '../../actors/shard/shard-host.ts';
import type { UpkeepShare } from '../../actors/upkeep.ts';
import type { ShardsVerified } from '../../contracts/operator.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { JournalReader } from '../../storage/ports/journal.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import type { SnapshotReader } from '../../storage/ports/snapshots.ts';
import type { OpenSpill } from '../../storage/ports/spill.ts';
import { compareListTotals } from './list-totals.ts';
import { digestOfMoment, type DropMoment, momentOf } from './drop-digest.ts';
import { type LiveDigest, VerifyingReplay } from './verifying-replay.ts';

/** Drops whose orders are compared with the lists at once: on SQLite that reads all lists. */
const DROPS_AT_ONCE = 4096;

export interface VerificationOptions {
  readonly host: ShardHost;
  /** Those to verify; shards that are not served here are left out. */
  readonly shards: readonly number[];
  readonly journal: JournalReader;
  readonly snapshots: SnapshotReader;
  readonly orderList: OrderListStore;
  readonly openSpill: OpenSpill;
  /** Of the event loop on which it runs. */
  readonly upkeep: UpkeepShare;
  /** Compares the order lists and feeds with the shards' journals. */
  readonly missing: (
    shards: readonly number[],
    run: RunContext,
  ) => Promise<readonly MissingOfShard[]>;
}

export interface MissingOfShard {
  readonly shard: number;
  readonly orders: number;
  readonly notifications: number;
  /** Why they could not be compared, or not with all of the journal; null otherwise. */
  readonly reason: string | null;
}

/** What was found in one shard; null: it is not served here, or was not to the end. */
interface ShardFindings {
  /** Of the last entry that was to be replayed; 0 where there is none, or the shard is damaged. */
  readonly sequence: number;
  /** Replayed. */
  readonly entries: number;
  readonly drops: number;
  readonly orders: number;
  readonly findings: readonly string[];
  /** Whether all of its journal could be replayed, so that read models can be compared with it. */
  readonly isReplayed: boolean;
}

/**
 * Errors: `store-unavailable`; the reason of the run's signal. Damage is a finding, not an error.
 */
export async function verifyShards(
  options: VerificationOptions,
  run: RunContext,
): Promise<ShardsVerified> {
  const verified: number[] = [];
  const replayed: number[] = [];
  const findings: string[] = [];
  let [shards, entries, drops, orders] = [0, 0, 0, 0];
  const served = options.shards.flatMap((id) => options.host.shards[id] ?? []);
  const total = served.reduce((sum, { sequence }) => sum + sequence, 0);
  const counts = { shards: served.length, shardsDone: 0, total, done: 0 };
  const tell = () => run.progress({ phase: 'drops', ...counts });
  tell();
  for (const shard of served) {
    run.signal.throwIfAborted();
    const doneBefore = counts.done;
    const { sequence } = shard;
    const found = await verifyShard(shard, options, run.signal, () => {
      // Entries that came meanwhile are not in the total.
      counts.done = Math.min(counts.done + 1, doneBefore + sequence);
      tell();
    });
    counts.done = doneBefore + sequence;
    counts.shardsDone += 1;
    tell();
    if (found === null) continue;
    verified.push(shard.id);
    if (found.isReplayed) replayed.push(shard.id);
    if (found.sequence > 0) shards += 1;
    entries += found.entries;
    drops += found.drops;
    orders += found.orders;
    findings.push(...found.findings);
  }
  const missing = await options.missing(replayed, run);
  findings.push(...missing.flatMap(missingFindings));
  return { ok: findings.length === 0, shards, entries, drops, orders, findings, verified };
}

function missingFindings({ shard, orders, notifications, reason }: MissingOfShard): string[] {
  const findings: string[] = [];
  if (orders > 0 || notifications > 0) {
    findings.push(
      `of shard ${shard} the order lists lack ${orders} orders, and the feeds ${notifications} ` +
        'notifications: livedrops rebuild makes them again',
    );
  }
  if (reason !== null) findings.push(`the read models of shard ${shard}: ${reason}`);
  return findings;
}

/** Where the shard moves away meanwhile, its next owner verifies it. */
async function verifyShard(
  shard: Shard,
  options: VerificationOptions,
  signal: AbortSignal,
  entryDone: () => void,
): Promise<ShardFindings | null> {
  if (shard.status === 'damaged')
    return unreplayed(0, 0, `shard ${shard.id} is damaged: ${shard.fault}`);
  const { epoch } = shard;
  const isServed = () => shard.status === 'serving' && shard.epoch === epoch;
  if (!isServed()) return null;
  try {
    const found = await options.upkeep.inSlices((paced) => {
      const pause = async () => {
        signal.throwIfAborted();
        await paced();
      };
      return compareShard(shard, { ...options, pause }, signal, entryDone);
    });
    return isServed() ? found : null;
  } catch (error) {
    if (isServed() || signal.aborted) throw error;
    return null;
  }
}

function unreplayed(sequence: number, entries: number, finding: string): ShardFindings {
  return { sequence, entries, drops: 0, orders: 0, findings: [finding], isReplayed: false };
}

async function compareShard(
  shard: Shard,
  options: VerificationOptions & { readonly pause: Pause },
  signal: AbortSignal,
  entryDone: () => void,
): Promise<ShardFindings> {
  const { pause } = options;
  const live = new Map<string, LiveDigest>();
  const ids = await shard.inspect((drops) => [...drops.keys()]);
  for (const id of ids) {
    const moment = await liveMoment(shard, id);
    // It was sealed meanwhile, and is compared as such.
    if (moment === null) continue;
    const digest = await digestOfMoment(moment, pause);
    live.set(id, { version: moment.head.version, digest });
  }
  const sequence = await shard.inspect((_, last) => last);
  const replay = new VerifyingReplay({ ...options, shard: shard.id, live });
  try {
    await replay.run(sequence, entryDone);
    const findings = await replay.finish((dropId) => liveMoment(shard, dropId));
    for (const dropIds of inGroups(replay.sound(), DROPS_AT_ONCE))
      findings.push(...(await compareListTotals(dropIds, shard, options, signal)));
    const { entries, drops, orders } = replay;
    return { sequence, entries, drops, orders, findings, isReplayed: true };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const finding = `shard ${shard.id} cannot be replayed: ${error.message}`;
    return unreplayed(sequence, replay.entries, finding);
  } finally {
    replay.close();
  }
}

function* inGroups<T>(all: Iterable<T>, size: number): Generator<T[], void, undefined> {
  let group: T[] = [];
  for (const one of all) {
    group.push(one);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** At this durable moment; null for a drop that is not in memory. */
function liveMoment(shard: Shard, dropId: string): Promise<DropMoment | null> {
  return shard.inspect((drops) => {
    const state = drops.get(dropId);
    return state === undefined ? null : momentOf(state);
  });
}
