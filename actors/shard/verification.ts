// Proves, while the sale runs, that the journal says what memory and the read models say (X2). For
// each shard: at one durable moment every drop in memory is copied; then the journal is replayed
// from its first entry up to that moment into a second memory and compared. Replaying asserts S1 at
// every event. Read models may lag, so a drop that changes meanwhile is compared again.

import { createHash } from 'node:crypto';
import type { DropState } from '../../domain/drop-state.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import { encodeChecksummed } from '../../storage/formats/checksummed.ts';
import {
  type DropSnapshot,
  encodePart,
  type PendingPart,
  snapshotDrop,
} from '../../storage/formats/drop-snapshot.ts';
import { decodeSealedHead, loadSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { isDamage, readEntries, replay, turnOfOthers } from './recovery.ts';
import type { Shard } from './shard.ts';
import type { ShardHost } from './shard-host.ts';

export interface VerifyReport {
  readonly ok: boolean;
  /** Shards with entries in their journal. */
  readonly shards: number;
  readonly entries: number;
  readonly drops: number;
  readonly orders: number;
  /** One sentence for each thing that does not agree; empty when all is well. */
  readonly findings: readonly string[];
}

/** What one node found in those of the shards that it serves. */
export interface ShardsVerified extends VerifyReport {
  readonly verified: readonly number[];
}

export interface VerificationOptions {
  readonly host: ShardHost;
  /** Those to verify; shards that are not served here are left out. */
  readonly shards: readonly number[];
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly orderList: OrderListStore;
  /** Compares the order lists and feeds with the shards' journals. */
  readonly missing: (shards: readonly number[]) => Promise<readonly MissingOfShard[]>;
}

export interface MissingOfShard {
  readonly shard: number;
  readonly orders: number;
  readonly notifications: number;
  /** Why they could not be compared, or not with all of the journal; null otherwise. */
  readonly reason: string | null;
}

/** How often read models are compared with a drop that they may lag behind. */
const COMPARISONS_MAX = 20;
const COMPARISON_INTERVAL_MS = 100;
/**
 * They may lag for a second (O9): a drop that did not change for so many comparisons should be in
 * them.
 */
const UNCHANGED_COMPARISONS_MAX = 10;

/** The state of a drop at one moment. */
interface DropCopy {
  readonly snapshot: DropSnapshot;
  readonly parts: readonly PendingPart[];
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

/** Errors: `store-unavailable`. Damage is a finding, not an error. */
export async function verifyShards(options: VerificationOptions): Promise<ShardsVerified> {
  const verified: number[] = [];
  const replayed: number[] = [];
  const findings: string[] = [];
  let [shards, entries, drops, orders] = [0, 0, 0, 0];
  for (const id of options.shards) {
    const shard = options.host.shards[id];
    const found = shard === undefined ? null : await verifyShard(shard, options);
    if (found === null) continue;
    verified.push(id);
    if (found.isReplayed) replayed.push(id);
    if (found.sequence > 0) shards += 1;
    entries += found.entries;
    drops += found.drops;
    orders += found.orders;
    findings.push(...found.findings);
  }
  const missing = await options.missing(replayed);
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
): Promise<ShardFindings | null> {
  if (shard.status === 'damaged')
    return unreplayed(0, 0, `shard ${shard.id} is damaged: ${shard.fault}`);
  const { epoch } = shard;
  const isServed = () => shard.status === 'serving' && shard.epoch === epoch;
  if (!isServed()) return null;
  try {
    const found = await compareShard(shard, options);
    return isServed() ? found : null;
  } catch (error) {
    if (isServed()) throw error;
    return null;
  }
}

function unreplayed(sequence: number, entries: number, finding: string): ShardFindings {
  return { sequence, entries, drops: 0, orders: 0, findings: [finding], isReplayed: false };
}

async function compareShard(shard: Shard, options: VerificationOptions): Promise<ShardFindings> {
  const { journal, snapshots } = options;
  const live = await shard.inspect((states, sequence) => ({
    sequence,
    copies: new Map([...states.values()].map((state) => [state.id, copyDrop(state)])),
  }));
  const replayed = new Map<string, DropState>();
  let entries = 0;
  try {
    for await (const entry of readEntries(journal, shard.id, 0, live.sequence)) {
      entries += 1;
      for (const changes of entry.changes) replay(replayed, changes, entry.time);
    }
  } catch (error) {
    if (!isDamage(error)) throw error;
    const finding = `shard ${shard.id} cannot be replayed: ${error.message}`;
    return unreplayed(live.sequence, entries, finding);
  }
  const findings: string[] = [];
  for (const dropId of live.copies.keys()) {
    if (!replayed.has(dropId)) findings.push(`drop ${dropId} is in memory, but not in the journal`);
  }
  let orders = 0;
  for (const state of replayed.values()) {
    orders += state.orders.size;
    const finding =
      (await compareState(state, live.copies.get(state.id), snapshots)) ??
      (await compareReadModel(state.id, shard, options));
    if (finding !== null) findings.push(finding);
  }
  const { sequence } = live;
  return { sequence, entries, drops: replayed.size, orders, findings, isReplayed: true };
}

async function compareState(
  replayed: DropState,
  live: DropCopy | undefined,
  snapshots: SnapshotStore,
): Promise<string | null> {
  const digest = await digestOf(copyDrop(replayed));
  if (live !== undefined) {
    return (await digestOf(live)) === digest
      ? null
      : `drop ${replayed.id} in memory is not what its journal says`;
  }
  const sealed = await snapshots.findSealedDrop(replayed.id);
  if (sealed === null)
    return `drop ${replayed.id} is in the journal, but neither in memory nor sealed`;
  // It was loaded and changed since the inspection: it was level then, and memory has it now.
  if (sealed.version > replayed.version) return null;
  const state = await loadSealedDrop(sealed, turnOfOthers);
  return (await digestOf(copyDrop(state))) === digest
    ? null
    : `drop ${replayed.id} as sealed is not what its journal says`;
}

async function compareReadModel(
  dropId: string,
  shard: Shard,
  options: VerificationOptions,
): Promise<string | null> {
  let unchanged = 0;
  let version = -1;
  for (let comparison = 0; comparison < COMPARISONS_MAX; comparison++) {
    const before = await totalsOfOwner(dropId, shard, options.snapshots);
    const { orders, heldUnits, soldUnits } = await options.orderList.totalsOfDrop(dropId);
    const after = await totalsOfOwner(dropId, shard, options.snapshots);
    if (before.version === after.version) {
      if (orders === after.orders && heldUnits === after.held && soldUnits === after.sold)
        return null;
      unchanged = after.version === version ? unchanged + 1 : 0;
      version = after.version;
      if (unchanged === UNCHANGED_COMPARISONS_MAX) {
        return (
          `the order lists have ${orders} orders (${heldUnits} held, ${soldUnits} sold) ` +
          `of drop ${dropId}, ` +
          `its owner ${after.orders} (${after.held} held, ${after.sold} sold)`
        );
      }
    }
    await new Promise((resolve) => setTimeout(resolve, COMPARISON_INTERVAL_MS));
  }
  // A drop that changed all the time cannot be compared to the unit; that is no finding.
  return null;
}

interface Totals {
  readonly version: number;
  readonly orders: number;
  readonly held: number;
  readonly sold: number;
}

async function totalsOfOwner(
  dropId: string,
  shard: Shard,
  snapshots: SnapshotStore,
): Promise<Totals> {
  const totals = await shard.inspect((drops) => {
    const state = drops.get(dropId);
    return state === undefined ? null : totalsOf(state);
  });
  if (totals !== null) return totals;
  const sealed = await snapshots.findSealedDrop(dropId);
  if (sealed === null) return { version: -1, orders: 0, held: 0, sold: 0 };
  const { version, orders, held, sold } = (await decodeSealedHead(sealed, turnOfOthers)).counters;
  return { version, orders, held, sold };
}

function totalsOf(state: DropState): Totals {
  return { version: state.version, orders: state.orders.size, held: state.held, sold: state.sold };
}

/** Copies 5 MB for a million orders. */
function copyDrop(state: DropState): DropCopy {
  const parts: PendingPart[] = [];
  return { snapshot: snapshotDrop(state, () => false, parts), parts };
}

/** Of every field and every order of the drop. */
async function digestOf({ snapshot, parts }: DropCopy): Promise<string> {
  const hash = createHash('sha256').update(encodeChecksummed(snapshot));
  for (const part of parts) {
    await turnOfOthers();
    hash.update(encodePart(part).bytes);
  }
  return hash.digest('base64');
}
