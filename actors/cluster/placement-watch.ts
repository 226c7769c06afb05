// A node's copy of the placement. The watch reads the placement several times a second, and at once
// when another node announces a change; replies of owners correct the copy in between. The router
// finds owners in it, and ownership claims and hands over shards by it.

import type { Logger } from 'pino';
import type { Placement, PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock, Timer } from '../clock.ts';

const REFRESH_INTERVAL_MS = 250;
/** The least time from one read to the next that `refreshSoon` causes. */
const REFRESH_SPACING_MS = 20;

/** How a router finds owners. */
export interface OwnerDirectory {
  /** The node to send a shard's commands to; null while no node is known to serve the shard. */
  ownerOf(shard: number): string | null;
  /** The present run of a node; null if the node has no session. */
  incarnationOf(nodeId: string): string | null;
  /**
   * A node reported the owner of a shard, at this version of the placement record. An older version
   * than the known one does not change the copy. Null: the node does not know the owner.
   */
  ownerReported(shard: number, nodeId: string | null, version: number): void;
  /** The cached owner was wrong: re-read the placement, at most every 20 ms. */
  refreshSoon(): void;
  /** Returns a function that ends the subscription. */
  onChange(listener: () => void): () => void;
}

/** The directory of a single node, which owns every shard. */
export function soleOwner(nodeId: string): OwnerDirectory {
  return {
    ownerOf: () => nodeId,
    incarnationOf: () => null,
    ownerReported: () => undefined,
    refreshSoon: () => undefined,
    onChange: () => () => undefined,
  };
}

export interface PlacementWatchOptions {
  readonly store: Pick<PlacementStore, 'load'>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Owner {
  readonly nodeId: string;
  readonly version: number;
}

export class PlacementWatch implements OwnerDirectory {
  readonly #options: PlacementWatchOptions;
  readonly #listeners = new Set<() => void>();
  #placement: Placement | null = null;
  #owners: (Owner | null)[] = [];
  #incarnations: ReadonlyMap<string, string> = new Map();
  #timer: Timer | null = null;
  #reading: Promise<void> | null = null;
  /** A change was announced during the read that is under way. */
  #readAgain = false;
  #readAt = -Infinity;
  #failing = false;
  #stopped = true;

  constructor(options: PlacementWatchOptions) {
    this.#options = options;
  }

  /** As last read; null before the first read. */
  get placement(): Placement | null {
    return this.#placement;
  }
  /** Whether the last read failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Errors: `store-unavailable`. */
  async start(): Promise<void> {
    this.#apply(await this.#options.store.load());
    this.#stopped = false;
    this.#scheduleRefresh(REFRESH_INTERVAL_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#reading;
  }

  ownerOf(shard: number): string | null {
    return this.#owners[shard]?.nodeId ?? null;
  }

  incarnationOf(nodeId: string): string | null {
    return this.#incarnations.get(nodeId) ?? null;
  }

  /** The version at which the shard's owner is known; 0 while no owner is known. */
  versionOf(shard: number): number {
    return this.#owners[shard]?.version ?? 0;
  }

  ownerReported(shard: number, nodeId: string | null, version: number): void {
    if (nodeId === null || this.versionOf(shard) >= version) return this.refreshSoon();
    this.#owners[shard] = { nodeId, version };
    this.#notify();
  }

  refreshSoon(): void {
    if (this.#stopped || this.#reading !== null) return;
    const delayMs = this.#readAt + REFRESH_SPACING_MS - this.#options.clock.monotonic();
    this.#scheduleRefresh(Math.max(0, delayMs));
  }

  /** The placement changed: reads it at once, or again after the read that is under way. */
  refreshNow(): void {
    if (this.#stopped) return;
    if (this.#reading === null) this.#refresh();
    else this.#readAgain = true;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #scheduleRefresh(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => this.#refresh());
  }

  #refresh(): void {
    this.#timer?.cancel();
    if (this.#reading !== null || this.#stopped) return;
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (this.#stopped) return;
      if (this.#readAgain) this.#refresh();
      else this.#scheduleRefresh(REFRESH_INTERVAL_MS);
    });
  }

  /** Never rejects: the next refresh reads again. */
  async #read(): Promise<void> {
    const { store, clock, log } = this.#options;
    this.#readAgain = false;
    this.#readAt = clock.monotonic();
    try {
      this.#apply(await store.load());
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn({ err: error }, 'the placement cannot be read');
      this.#failing = true;
    }
  }

  #apply(placement: Placement): void {
    this.#placement = placement;
    this.#incarnations = new Map(
      placement.sessions.map(({ nodeId, incarnation }) => [nodeId, incarnation]),
    );
    const livingRuns = new Set(placement.sessions.map(runOf));
    for (const record of placement.shards.values()) {
      // An owner may have reported a newer version during the read.
      if (this.versionOf(record.shard) > record.version) continue;
      this.#owners[record.shard] = livingRuns.has(runOf(record))
        ? { nodeId: record.nodeId, version: record.version }
        : null;
    }
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** One run of a node, as text. */
export function runOf({ nodeId, incarnation }: { nodeId: string; incarnation: string }): string {
  return `${nodeId}/${incarnation}`;
}
