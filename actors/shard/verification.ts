// Proves, while the sale runs, that the journal says what memory and the read models say (X2). For
// each shard: at one durable moment every drop in memory is copied; then the journal is replayed
// from its first entry up to that moment into a second memory and compared. Replaying asserts S1 at
// every event. Read models may lag, so a drop that changes meanwhile is looked at again.

import { createHash } from 'node:crypto';
import type { DropState } from '../../domain/drop-state.ts';
import type { Journal } from '../../storage/ports/journal.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import {
  copyDrop,
  type DropCopy,
  decodeSealedDrop,
  encodeSealedDrop,
} from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { readEntries, replay, turnOfOthers } from './recovery.ts';
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

/** What one node found in those of the shards it was asked for that it serves. */
export interface ShardsVerified extends VerifyReport {
  readonly verified: readonly number[];
}

export interface VerificationOptions {
  readonly host: ShardHost;
  /** Those to verify; the ones that are not served here are passed over. */
  readonly shards: readonly number[];
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly orderList: OrderListStore;
  /** What of the shards' journals the order lists and feeds do not have. */
  readonly missing: (shards: readonly number[]) => Promise<readonly MissingOfShard[]>;
}

export interface MissingOfShard {
  readonly shard: number;
  readonly orders: number;
  readonly notifications: number;
  /** Why it could not be found out, or not of all of the journal; null otherwise. */
  readonly reason: string | null;
}

/** Read models get this many looks to come level with a drop. */
const READ_MODEL_LOOKS_MAX = 20;
const READ_MODEL_LOOK_DELAY_MS = 100;
/** They may lag for a second (O9): a drop that stood still for so many looks should be in them. */
const STILL_LOOKS_MAX = 10;
/** Hashed without a pause: about a millisecond. */
const HASHED_BYTES_PER_STEP = 1 << 20;

interface Counts {
  shards: number;
  entries: number;
  drops: number;
  orders: number;
  findings: string[];
}

/** Errors: `store-unavailable`. Damage is a finding, not an error. */
export async function verifyShards(options: VerificationOptions): Promise<ShardsVerified> {
  const counts: Counts = { shards: 0, entries: 0, drops: 0, orders: 0, findings: [] };
  const verified: number[] = [];
  const replayed: number[] = [];
  for (const id of options.shards) {
    const shard = options.host.shards[id];
    if (shard === undefined) continue;
    const before = { ...counts, findings: [...counts.findings] };
    const { epoch } = shard;
    // Where it moves away while it is looked at, whoever has it then verifies it.
    const stayed = () => shard.status === 'serving' && shard.epoch === epoch;
    try {
      if (shard.status === 'damaged') {
        counts.findings.push(`shard ${shard.id} is damaged: ${shard.fault}`);
      } else {
        if (!stayed()) continue;
        const whole = shard.sequence === 0 || (await verifyShard(shard, options, counts));
        if (!stayed()) {
          Object.assign(counts, before);
          continue;
        }
        if (whole) replayed.push(id);
      }
      verified.push(id);
    } catch (error) {
      if (stayed()) throw error;
      Object.assign(counts, before);
    }
  }
  counts.findings.push(...(await options.missing(replayed)).flatMap(missingFinding));
  return { ok: counts.findings.length === 0, ...counts, verified };
}

function missingFinding({ shard, orders, notifications, reason }: MissingOfShard): string[] {
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

/** False where the journal cannot be replayed. */
async function verifyShard(
  shard: Shard,
  options: VerificationOptions,
  counts: Counts,
): Promise<boolean> {
  counts.shards += 1;
  const live = await shard.inspect((drops, sequence) => ({
    sequence,
    copies: new Map([...drops.values()].map((state) => [state.id, copyDrop(state)])),
  }));
  const replayed = new Map<string, DropState>();
  try {
    for await (const entry of readEntries(options.journal, shard.id, 0, live.sequence)) {
      counts.entries += 1;
      for (const changes of entry.changes) replay(replayed, changes, entry.time);
    }
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string };
    if (code !== 'corrupt' && code !== 'invariant') throw error;
    counts.findings.push(`shard ${shard.id} cannot be replayed: ${message}`);
    return false;
  }
  for (const dropId of live.copies.keys()) {
    if (!replayed.has(dropId))
      counts.findings.push(`drop ${dropId} is in memory, but not in the journal`);
  }
  for (const state of replayed.values()) {
    counts.drops += 1;
    counts.orders += state.orders.size;
    const finding =
      (await compareState(state, live.copies.get(state.id), options.snapshots)) ??
      (await compareReadModel(state.id, shard, options));
    if (finding !== null) counts.findings.push(finding);
  }
  return true;
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
  const sealed = await snapshots.loadSealedDrop(replayed.id);
  if (sealed === null)
    return `drop ${replayed.id} is in the journal, but neither in memory nor put aside`;
  const state = await decodeSealedDrop(sealed, turnOfOthers);
  // Asked for and changed since the inspection: then it was level then, and memory has it now.
  if (state.version > replayed.version) return null;
  return (await digestOf(copyDrop(state))) === digest
    ? null
    : `drop ${replayed.id} as put aside is not what its journal says`;
}

async function compareReadModel(
  dropId: string,
  shard: Shard,
  options: VerificationOptions,
): Promise<string | null> {
  let stillLooks = 0;
  let version = -1;
  for (let look = 0; look < READ_MODEL_LOOKS_MAX; look++) {
    const before = await totalsInMemory(dropId, shard, options.snapshots);
    const listed = await options.orderList.totalsOfDrop(dropId);
    const after = await totalsInMemory(dropId, shard, options.snapshots);
    if (before.version === after.version) {
      const { orders, heldUnits, soldUnits } = listed;
      if (orders === after.orders && heldUnits === after.held && soldUnits === after.sold)
        return null;
      stillLooks = after.version === version ? stillLooks + 1 : 0;
      version = after.version;
      if (stillLooks === STILL_LOOKS_MAX)
        return (
          `the order lists have ${orders} orders (${heldUnits} held, ${soldUnits} sold) of drop ${dropId}, ` +
          `its owner ${after.orders} (${after.held} held, ${after.sold} sold)`
        );
    }
    await new Promise((resolve) => setTimeout(resolve, READ_MODEL_LOOK_DELAY_MS));
  }
  // A drop that did not stand still for long enough cannot be compared to the unit; that is no
  // finding.
  return null;
}

interface Totals {
  readonly version: number;
  readonly orders: number;
  readonly held: number;
  readonly sold: number;
}

async function totalsInMemory(
  dropId: string,
  shard: Shard,
  snapshots: SnapshotStore,
): Promise<Totals> {
  const inMemory = await shard.inspect((drops) => {
    const state = drops.get(dropId);
    return state === undefined ? null : totalsOf(state);
  });
  if (inMemory !== null) return inMemory;
  const sealed = await snapshots.loadSealedDrop(dropId);
  return sealed === null
    ? { version: -1, orders: 0, held: 0, sold: 0 }
    : totalsOf(await decodeSealedDrop(sealed, turnOfOthers));
}

function totalsOf(state: DropState): Totals {
  return { version: state.version, orders: state.orders.size, held: state.held, sold: state.sold };
}

/** Every field and every order of the drop. */
async function digestOf(copy: DropCopy): Promise<string> {
  const bytes = await encodeSealedDrop(copy, turnOfOthers);
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += HASHED_BYTES_PER_STEP) {
    await turnOfOthers();
    hash.update(bytes.subarray(at, at + HASHED_BYTES_PER_STEP));
  }
  return hash.digest('base64');
}
