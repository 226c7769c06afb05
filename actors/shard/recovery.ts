// How a shard gets its journal and its memory: it claims the journal, which fences the owner
// before, then rebuilds memory from the newest snapshot and every journal entry after it (J1, J6).
// An entry has the version of each drop before its events, so an event that a snapshot or a sealed
// drop already contains is skipped, never applied twice.

import type { Logger } from 'pino';
import { applyEvent, createDrop } from '../../domain/apply.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { decodeShardHead, restoreDrop, restoreSteps } from '../../storage/formats/drop-snapshot.ts';
import { decodeEntry, type DropChanges, type Entry } from '../../storage/formats/entry.ts';
import { CorruptError, type Journal, StoreUnavailableError } from '../../storage/ports/journal.ts';
import { loadSealedDrop } from '../../storage/formats/sealed-drop.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { Clock } from '../clock.ts';
import type { Lease } from '../cluster/lease.ts';

const CLAIM_DELAY_FIRST_MS = 50;
const CLAIM_DELAY_MAX_MS = 2000;
const READ_ENTRIES_FIRST = 16;
const READ_ENTRIES_MAX = 256;
/** How much a read should bring: entries of a storm of orders have 200 KB each. */
const READ_BYTES = 1 << 19;
/**
 * Events replayed without a pause: a millisecond or less, and several in a process that has just
 * started.
 */
const SLICE_EVENTS = 256;

export interface RecoveredShard {
  readonly drops: Map<string, DropState>;
  /** Of the last entry contained. */
  readonly sequence: number;
  /** Time of the last entry; 0 where there is none. */
  readonly time: number;
  /** Of the snapshot it began with; 0 for none. */
  readonly snapshotSequence: number;
  readonly partNames: readonly string[];
  /** Events replayed behind the snapshot. */
  readonly replayedEvents: number;
}

export interface RecoveryOptions {
  readonly shard: number;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  /** Entries up to here are wanted. */
  readonly lastSequence: number;
  /**
   * Waited for between two steps, of drops that are restored and of a long replay. Default:
   * everything else has its turn.
   */
  readonly pause?: Pause;
}

/** The journal is this node's at `epoch`, and memory has all that is in it. */
export interface ClaimedShard {
  readonly epoch: number;
  readonly recovered: RecoveredShard;
}

export interface ShardRecoveryOptions {
  readonly shard: number;
  /** Of this node, for the journal. */
  readonly owner: string;
  readonly journal: Journal;
  readonly snapshots: SnapshotStore;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The attempts of one shard, and the back-off between them. */
export class ShardRecovery {
  readonly #shard: number;
  readonly #owner: string;
  readonly #journal: Journal;
  readonly #snapshots: SnapshotStore;
  readonly #lease: Lease;
  readonly #clock: Clock;
  readonly #log: Logger;
  #delayMs = CLAIM_DELAY_FIRST_MS;

  constructor(options: ShardRecoveryOptions) {
    this.#shard = options.shard;
    this.#owner = options.owner;
    this.#journal = options.journal;
    this.#snapshots = options.snapshots;
    this.#lease = options.lease;
    this.#clock = options.clock;
    this.#log = options.log;
  }

  /**
   * Claims the journal and rebuilds memory; `warm` is taken over and changed, also by an attempt
   * that fails. Errors: `store-unavailable`, also without a lease; those of `isDamage`.
   */
  async attempt(warm: RecoveredShard | null): Promise<ClaimedShard> {
    if (!this.#lease.valid()) throw new StoreUnavailableError('this node has no lease');
    const { epoch, lastSequence } = await this.#journal.claim(this.#shard, this.#owner);
    const options: RecoveryOptions = {
      shard: this.#shard,
      journal: this.#journal,
      snapshots: this.#snapshots,
      lastSequence,
    };
    const recovered =
      warm === null ? await recoverShard(options) : await continueRecovery(warm, options);
    this.#delayMs = CLAIM_DELAY_FIRST_MS;
    return { epoch, recovered };
  }

  /** Resolves when the next attempt is due: after a failure that follows another, later. */
  async backOff(error: unknown): Promise<void> {
    const delayMs = this.#delayMs;
    // One warning for each outage: every shard tries again and again while the store is down.
    const level = delayMs === CLAIM_DELAY_FIRST_MS ? 'warn' : 'debug';
    this.#log[level](
      { shard: this.#shard, reason: (error as Error).message },
      'a shard could not be claimed and replayed yet',
    );
    this.#delayMs = Math.min(delayMs * 2, CLAIM_DELAY_MAX_MS);
    await new Promise<void>((resolve) => this.#clock.after(delayMs, resolve));
  }
}

/**
 * What is stored is not what was written, cannot be applied (J5), or was removed by an archive's
 * retention: another try finds the same.
 */
export function isDamage(error: unknown): error is Error {
  const { code } = error as { code?: unknown };
  return error instanceof CorruptError || code === 'invariant' || code === 'position-trimmed';
}

/** Errors: `corrupt` where anything is damaged or missing, `store-unavailable`. */
export async function recoverShard(options: RecoveryOptions): Promise<RecoveredShard> {
  const { shard, snapshots, pause = turnOfOthers } = options;
  const loaded = await snapshots.loadSnapshot(shard);
  const drops = new Map<string, DropState>();
  let time = 0;
  if (loaded !== null) {
    const parts = new Map(loaded.parts.map((part) => [part.name, part.bytes]));
    const head = decodeShardHead(loaded.snapshot.head, shard);
    time = head.time;
    const steps = restoreSteps(pause);
    for (const drop of head.drops) {
      const state = await restoreDrop(drop.head, (name) => parts.get(name), steps);
      drops.set(state.id, state);
    }
  }
  const sequence = loaded?.snapshot.sequence ?? 0;
  if (sequence > options.lastSequence) {
    throw new CorruptError(`the snapshot of shard ${shard} is ahead of its journal`);
  }
  const partNames = loaded?.snapshot.partNames ?? [];
  const begun = { drops, sequence, time, snapshotSequence: sequence, partNames, replayedEvents: 0 };
  return await continueRecovery(begun, options);
}

/**
 * Replays what the journal has beyond `recovered`, whose drops are changed in place. A journal that
 * ends before it is `corrupt`. Errors: as for `recoverShard`.
 */
export async function continueRecovery(
  recovered: RecoveredShard,
  options: RecoveryOptions,
): Promise<RecoveredShard> {
  const { shard, journal, snapshots, lastSequence, pause = turnOfOthers } = options;
  const { drops } = recovered;
  if (recovered.sequence > lastSequence)
    throw new CorruptError(`the memory of shard ${shard} is ahead of its journal`);
  let { time, replayedEvents } = recovered;
  let sliceEnd = replayedEvents + SLICE_EVENTS;
  for await (const entry of readEntries(journal, shard, recovered.sequence, lastSequence)) {
    for (const changes of entry.changes) {
      if (!drops.has(changes.dropId) && changes.versionBefore > 0) {
        const sealed = await snapshots.findSealedDrop(changes.dropId);
        if (sealed === null)
          throw new CorruptError(`drop ${changes.dropId} is neither in a snapshot nor sealed`);
        drops.set(changes.dropId, await loadSealedDrop(sealed, pause));
      }
      replay(drops, changes, entry.time);
      replayedEvents += changes.events.length;
    }
    time = entry.time;
    if (replayedEvents < sliceEnd) continue;
    await pause();
    sliceEnd = replayedEvents + SLICE_EVENTS;
  }
  return { ...recovered, sequence: lastSequence, time, replayedEvents };
}

/** Everything else that is due on the event loop has its turn. */
export function turnOfOthers(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * All entries after `after` up to `last`, checked one by one. Errors: `corrupt`, also where the
 * journal ends too early; `store-unavailable`.
 */
export async function* readEntries(
  journal: Pick<Journal, 'read'>,
  shard: number,
  after: number,
  last: number,
): AsyncGenerator<Entry, void, undefined> {
  let sequence = after;
  let limit = READ_ENTRIES_FIRST;
  while (sequence < last) {
    const entries = await journal.read(shard, sequence, limit);
    if (entries.length === 0)
      throw new CorruptError(`the journal of shard ${shard} ends at ${sequence}, not at ${last}`);
    const bytesRead = entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const next = Math.floor((entries.length * READ_BYTES) / bytesRead);
    limit = Math.min(Math.max(next, 1), limit * 4, READ_ENTRIES_MAX);
    for (const { sequence: found, bytes } of entries) {
      if (found > last) return;
      if (found !== sequence + 1)
        throw new CorruptError(`entry ${sequence + 1} of shard ${shard} is missing`);
      sequence = found;
      yield decodeEntry(bytes, shard, sequence);
    }
  }
}

/** Applies an entry's changes of one drop, except those that the drop already contains. */
export function replay(drops: Map<string, DropState>, changes: DropChanges, time: number): void {
  let state = drops.get(changes.dropId);
  let version = changes.versionBefore;
  for (const event of changes.events) {
    version += 1;
    if (state === undefined) {
      if (version !== 1)
        throw new CorruptError(`drop ${changes.dropId} begins at version ${version}`);
      state = createDrop(event, time);
      drops.set(changes.dropId, state);
    } else if (version > state.version) {
      if (version !== state.version + 1)
        throw new CorruptError(`drop ${changes.dropId} lacks version ${state.version + 1}`);
      applyEvent(state, event, time);
    }
  }
}
