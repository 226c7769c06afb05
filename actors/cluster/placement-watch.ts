// A node's copy of the placement: read again several times a second, at once when somebody says
// that it changed, and corrected by what owners themselves answer. Routers send by it; ownership
// acts on it.

import type { Logger } from 'pino';
import type { Placement, PlacementStore } from '../../storage/ports/placement.ts';
import type { Clock, Timer } from '../clock.ts';

const LOOK_INTERVAL_MS = 250;
/** Between two reads that somebody asked for. */
const REFRESH_PAUSE_MS = 20;

/** How a router finds owners. */
export interface OwnerDirectory {
  /** The node to send a shard's commands to; null while nobody is known to serve it. */
  ownerOf(shard: number): string | null;
  /** The present run of a node; null where it has no session. */
  incarnationOf(nodeId: string): string | null;
  /** An owner said where the shard is. Older news is ignored. */
  learn(shard: number, nodeId: string | null, version: number): void;
  /** What is known led nowhere. */
  doubt(): void;
  /** Returns a function that ends the listening. */
  onChange(listener: () => void): () => void;
}

/** The directory of a node alone. */
export function soleOwner(nodeId: string): OwnerDirectory {
  return {
    ownerOf: () => nodeId,
    incarnationOf: () => null,
    learn: () => undefined,
    doubt: () => undefined,
    onChange: () => () => undefined,
  };
}

export interface PlacementWatchOptions {
  readonly store: PlacementStore;
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
  /** Whether the last attempt to read failed. */
  get failing(): boolean {
    return this.#failing;
  }

  /** Errors: `store-unavailable`. */
  async start(): Promise<void> {
    this.#take(await this.#options.store.load());
    this.#stopped = false;
    this.#lookIn(LOOK_INTERVAL_MS);
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

  /** Of what is known of the shard's owner; 0 where none is. */
  versionOf(shard: number): number {
    return this.#owners[shard]?.version ?? 0;
  }

  learn(shard: number, nodeId: string | null, version: number): void {
    if (nodeId === null || this.versionOf(shard) >= version) return this.doubt();
    this.#owners[shard] = { nodeId, version };
    this.#tell();
  }

  doubt(): void {
    if (this.#stopped || this.#reading !== null) return;
    const pauseMs = this.#readAt + REFRESH_PAUSE_MS - this.#options.clock.monotonic();
    this.#lookIn(Math.max(0, pauseMs));
  }

  /** Somebody changed the placement. */
  changed(): void {
    if (this.#stopped) return;
    if (this.#reading === null) this.#look();
    else this.#readAgain = true;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #lookIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    this.#timer?.cancel();
    if (this.#reading !== null || this.#stopped) return;
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (this.#stopped) return;
      if (this.#readAgain) this.#look();
      else this.#lookIn(LOOK_INTERVAL_MS);
    });
  }

  async #read(): Promise<void> {
    const { store, clock, log } = this.#options;
    this.#readAgain = false;
    this.#readAt = clock.monotonic();
    try {
      this.#take(await store.load());
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) log.warn({ err: error }, 'the placement cannot be read');
      this.#failing = true;
    }
  }

  #take(placement: Placement): void {
    this.#placement = placement;
    this.#incarnations = new Map(
      placement.sessions.map(({ nodeId, incarnation }) => [nodeId, incarnation]),
    );
    const living = new Set(placement.sessions.map(runOf));
    for (const record of placement.shards.values()) {
      // An owner's own word may be newer than what was being read meanwhile.
      if (this.versionOf(record.shard) > record.version) continue;
      this.#owners[record.shard] = living.has(runOf(record))
        ? { nodeId: record.nodeId, version: record.version }
        : null;
    }
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** One run of a node, as text. */
export function runOf({ nodeId, incarnation }: { nodeId: string; incarnation: string }): string {
  return `${nodeId}/${incarnation}`;
}
