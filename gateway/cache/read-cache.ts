// The near cache of one kind of public reads, in the memory of a gateway (C2, decision 073).
// However many ask for a key, it is loaded once at a time. An entry is shown while it is fresh; for
// a while longer while it is loaded again; and longer still where that load fails or hangs. All
// three end at once with an invalidation (`fences.ts`). Nothing that depends on who asks may be in
// here.

import { LRUCache } from 'lru-cache';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { Fenced, Fences } from './fences.ts';

export interface CacheRules {
  /** Shown without a load. The times of entries are spread below it. */
  readonly freshMs: number;
  /** After that: shown while one load goes on. With `freshMs` the bound without invalidations. */
  readonly staleMs: number;
  /** The age at which an entry is no longer shown although the store is away. */
  readonly faultAgeMaxMs: number;
  /** How long the answer that there is no such thing is remembered. */
  readonly missMs: number;
  /** Of all entries together. */
  readonly bytesMax: number;
  /** Whether every change of what is shown comes by an invalidation. */
  readonly hearsAll: boolean;
}

/** What a load found. */
export interface Fill<V> {
  readonly value: V;
  readonly bytes: number;
  /** By which it is invalidated, besides those of the read. */
  readonly tags?: readonly string[];
  readonly version?: number | null;
}

export interface Read<V> {
  readonly key: string;
  readonly tags: readonly string[];
  readonly load: () => Promise<Outcome<Fill<V>>>;
}

/** How a read was served; RFC 9211 has the words. */
export type Served = 'hit' | 'stale' | 'miss' | 'collapsed';

export interface CachedRead<V> {
  readonly outcome: Outcome<V>;
  readonly served: Served;
  /** Since the read of the store began. */
  readonly ageMs: number;
  /** Until it is loaded again; negative where it is stale. */
  readonly ttlMs: number;
}

export interface CacheCounts {
  readonly entries: number;
  readonly bytes: number;
  /** The others are since the start. */
  readonly hits: number;
  readonly misses: number;
  /** Reads that waited for the load of another. */
  readonly collapsed: number;
  readonly stale: number;
  /** Loads that failed, whatever was shown instead. */
  readonly faults: number;
  /** Entries that went because the cache was full. */
  readonly evictions: number;
  /** Loads that found a change of which no invalidation came; undefined: it is not looked for. */
  readonly drifted?: number;
}

export interface ReadCacheOptions<V> {
  readonly rules: CacheRules;
  readonly fences: Fences;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  /** From 0 to 1, as `Math.random`. */
  readonly random: () => number;
  /** Whether two values show the same. */
  readonly isSame: (one: V, other: V) => boolean;
  /** Called where a load found a change of which no invalidation came (L3). */
  readonly onDrift?: (key: string) => void;
}

interface Entry<V> extends Fenced {
  readonly outcome: Outcome<V>;
  readonly bytes: number;
  readonly loadedAt: number;
  readonly freshUntil: number;
  /** After a load that failed: none before it. */
  retryAt: number;
}

interface Load<V> {
  readonly beganAt: number;
  readonly loadedAt: number;
  /** Rejects with the fault of the load. */
  readonly loaded: Promise<Entry<V>>;
  /** Resolves where the load takes long. Made for whoever has something else to show. */
  slow: Promise<null> | null;
  slowTimer: Timer | null;
}

/** A part of the fresh time that entries lose by chance, so that they do not all end at once. */
const SPREAD = 0.2;
/** After a load that failed, while there is something to show. */
const RETRY_MS = 500;
/**
 * A load that takes longer is as one that failed, while there is something to show. Nobody joins it
 * any more: what it finds is from before.
 */
const SLOW_MS = 500;
/**
 * An invalidation is no longer on its way after this time: 99 of 100 come within 250 ms (C3), and
 * what comes later, by a take-down or from a busy node, within twice that.
 */
const DRIFT_AFTER_MS = 1_000;
/** Loads that wait for it. Past it changes are not looked at. */
const SUSPECTS_MAX = 1_000;
/** Besides the value: the entry, its place in the map, its tags. */
const OVERHEAD_BYTES = 512;
/** A part of all bytes that one entry may have. */
const ENTRY_SHARE_MAX = 1 / 8;

export class ReadCache<V> {
  readonly #options: ReadCacheOptions<V>;
  readonly #entries: LRUCache<string, Entry<V>>;
  readonly #loads = new Map<string, Load<V>>();
  #hits = 0;
  #misses = 0;
  #collapsed = 0;
  #stale = 0;
  #faults = 0;
  #evictions = 0;
  #suspects = 0;
  #drifted = 0;

  constructor(options: ReadCacheOptions<V>) {
    this.#options = options;
    const { bytesMax } = options.rules;
    this.#entries = new LRUCache({
      maxSize: bytesMax,
      maxEntrySize: Math.max(1, Math.floor(bytesMax * ENTRY_SHARE_MAX)),
      sizeCalculation: ({ bytes }, key) => bytes + 2 * key.length + OVERHEAD_BYTES,
      dispose: (_entry, _key, reason) => {
        if (reason === 'evict') this.#evictions += 1;
      },
    });
  }

  /**
   * Faults of the load are thrown where nothing may be shown instead. No reader gets what is older
   * than an invalidation from before it asked.
   */
  async read(read: Read<V>): Promise<CachedRead<V>> {
    const { fences, clock } = this.#options;
    const askedAt = fences.position;
    const entry = this.#current(read.key);
    const now = clock.monotonic();
    if (entry !== null && now < entry.freshUntil) {
      this.noteHit();
      return shown(entry, 'hit', now);
    }
    if (entry !== null && this.#mayBeStale(entry, now)) {
      if (now >= entry.retryAt) this.#loadBehind(read, entry);
      this.#stale += 1;
      return shown(entry, 'stale', now);
    }
    return await this.#loaded(read, entry, askedAt);
  }

  /** What `read` shows as a hit at this time of the clock; else null. It is not counted yet. */
  fresh(key: string, now: number): CachedRead<V> | null {
    const entry = this.#current(key);
    return entry !== null && now < entry.freshUntil ? shown(entry, 'hit', now) : null;
  }

  /** What `fresh` gave was shown. */
  noteHit(): void {
    this.#hits += 1;
  }

  counts(): CacheCounts {
    return {
      entries: this.#entries.size,
      bytes: this.#entries.calculatedSize,
      hits: this.#hits,
      misses: this.#misses,
      collapsed: this.#collapsed,
      stale: this.#stale,
      faults: this.#faults,
      evictions: this.#evictions,
      ...(this.#options.rules.hearsAll && { drifted: this.#drifted }),
    };
  }

  /** Frees the room of entries that have a fence before them. Returns how many there were. */
  removeOutdated(): number {
    let removed = 0;
    for (const [key, entry] of this.#entries.entries()) {
      if (this.#options.fences.isCurrent(entry)) continue;
      this.#entries.delete(key);
      removed += 1;
    }
    return removed;
  }

  #current(key: string): Entry<V> | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (this.#options.fences.isCurrent(entry)) return entry;
    this.#entries.delete(key);
    return null;
  }

  /** While it is loaded again, or, after a load that failed, until the next attempt. */
  #mayBeStale(entry: Entry<V>, now: number): boolean {
    const { freshMs, staleMs, faultAgeMaxMs } = this.#options.rules;
    if (!entry.outcome.ok) return false;
    const ageMs = now - entry.loadedAt;
    return ageMs < freshMs + staleMs || (now < entry.retryAt && ageMs < faultAgeMaxMs);
  }

  async #loaded(read: Read<V>, entry: Entry<V> | null, askedAt: number): Promise<CachedRead<V>> {
    const { fences, clock, rules } = this.#options;
    const isFallback = entry !== null && entry.outcome.ok;
    for (;;) {
      const known = this.#young(read.key);
      const load = known ?? this.#begin(read);
      if (known === undefined) this.#misses += 1;
      else this.#collapsed += 1;
      let found: Entry<V> | null;
      let fault: Error | null = null;
      try {
        found = isFallback
          ? await Promise.race([load.loaded, this.#slowOf(load)])
          : await load.loaded;
      } catch (error) {
        fault = error as Error;
        found = null;
      }
      const now = clock.monotonic();
      if (found === null || isAway(found.outcome)) {
        if (isFallback && now - entry.loadedAt < rules.faultAgeMaxMs && fences.isCurrent(entry)) {
          entry.retryAt = now + RETRY_MS;
          this.#stale += 1;
          return shown(entry, 'stale', now);
        }
        if (fault !== null) throw fault;
        found ??= await load.loaded;
      }
      // A load that began before this reader asked may be older than what was heard until then. The
      // next one began later, so there are two rounds at most.
      if (load.beganAt < askedAt && !fences.isCurrent(found)) continue;
      return shown(found, known === undefined ? 'miss' : 'collapsed', now);
    }
  }

  #loadBehind(read: Read<V>, entry: Entry<V>): void {
    if (this.#loads.has(read.key)) return;
    const { clock } = this.#options;
    const failed = (): void => void (entry.retryAt = clock.monotonic() + RETRY_MS);
    this.#begin(read).loaded.then(({ outcome }) => {
      if (isAway(outcome)) failed();
    }, failed);
  }

  #young(key: string): Load<V> | undefined {
    const load = this.#loads.get(key);
    if (load === undefined) return undefined;
    return this.#options.clock.monotonic() - load.loadedAt < SLOW_MS ? load : undefined;
  }

  #begin(read: Read<V>): Load<V> {
    const { fences, clock } = this.#options;
    const beganAt = fences.position;
    const loadedAt = clock.monotonic();
    const load: Load<V> = {
      beganAt,
      loadedAt,
      loaded: this.#fill(read, beganAt, loadedAt).finally(() => {
        load.slowTimer?.cancel();
        if (this.#loads.get(read.key) === load) this.#loads.delete(read.key);
      }),
      slow: null,
      slowTimer: null,
    };
    this.#loads.set(read.key, load);
    return load;
  }

  async #fill(read: Read<V>, beganAt: number, loadedAt: number): Promise<Entry<V>> {
    const { rules, random } = this.#options;
    let found: Outcome<Fill<V>>;
    try {
      found = await read.load();
    } catch (fault) {
      this.#faults += 1;
      throw fault;
    }
    const fresh = found.ok ? rules.freshMs : rules.missMs;
    const entry: Entry<V> = {
      outcome: found.ok ? { ok: true, value: found.value.value } : found,
      bytes: found.ok ? found.value.bytes : 0,
      tags: found.ok ? [...read.tags, ...(found.value.tags ?? [])] : read.tags,
      version: found.ok ? (found.value.version ?? null) : null,
      beganAt,
      loadedAt,
      freshUntil: loadedAt + fresh * (1 - SPREAD * random()),
      retryAt: -Infinity,
    };
    if (isAway(found)) this.#faults += 1;
    else if (found.ok || found.code === 'not-found') {
      this.#compare(read.key, entry);
      this.#store(read.key, entry);
    }
    return entry;
  }

  /**
   * What was shown until now was good by all that was heard. If the load found something else, and
   * an invalidation does not follow, it was not: what keeps the cache right has failed (L3). The
   * load itself mends it.
   */
  #compare(key: string, { outcome }: Entry<V>): void {
    const { rules, fences, clock, isSame, onDrift } = this.#options;
    const before = this.#entries.peek(key);
    if (!rules.hearsAll || before === undefined || !fences.isCurrent(before)) return;
    const same =
      before.outcome.ok && outcome.ok
        ? isSame(before.outcome.value, outcome.value)
        : before.outcome.ok === outcome.ok;
    if (same || this.#suspects >= SUSPECTS_MAX) return;
    this.#suspects += 1;
    clock.after(DRIFT_AFTER_MS, () => {
      this.#suspects -= 1;
      if (!fences.isCurrent(before)) return;
      this.#drifted += 1;
      onDrift?.(key);
    });
  }

  #store(key: string, entry: Entry<V>): void {
    if (!this.#options.fences.isCurrent(entry)) return;
    // Of a load that hung, and others were begun after it.
    if ((this.#entries.peek(key)?.loadedAt ?? -Infinity) > entry.loadedAt) return;
    this.#entries.set(key, entry);
  }

  #slowOf(load: Load<V>): Promise<null> {
    load.slow ??= new Promise<null>((resolve) => {
      load.slowTimer = this.#options.clock.after(SLOW_MS, () => resolve(null));
    });
    return load.slow;
  }
}

function isAway(outcome: Outcome<unknown>): boolean {
  return !outcome.ok && (outcome.code === 'unavailable' || outcome.code === 'overloaded');
}

function shown<V>(entry: Entry<V>, served: Served, now: number): CachedRead<V> {
  const { outcome, loadedAt, freshUntil } = entry;
  return { outcome, served, ageMs: now - loadedAt, ttlMs: freshUntil - now };
}
