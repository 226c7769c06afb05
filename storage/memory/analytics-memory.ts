// Sums of analytics in memory, for tests.

import {
  type AccountedDrop,
  type Amount,
  type AnalyticsStore,
  type CountedFlush,
  type ExactAnalytics,
  type ExactChange,
  FINE_KEPT_MS,
  type Step,
  type StoredSegment,
  SUMS_MAX,
  type Sums,
  WATCHING_KEPT_MS,
} from '../ports/analytics.ts';

/** By subject and step, then by start, then by name. */
type Kept = Map<string, Map<number, Map<string, number>>>;

interface Generation {
  readonly positions: Map<number, number>;
  readonly drops: Map<string, AccountedDrop>;
  readonly segments: Map<string, Map<number, Uint8Array>>;
  readonly sums: Kept;
}

interface Gateway {
  readonly flush: number;
  readonly at: number;
  readonly watching: ReadonlyMap<string, number>;
}

export class MemoryAnalytics implements AnalyticsStore {
  readonly #generations = new Map<number, Generation>([[1, emptyGeneration()]]);
  readonly #counted: Kept = new Map();
  readonly #gateways = new Map<string, Gateway>();
  #serving = 1;
  #begun = 1;

  async generation(): Promise<number> {
    return this.#serving;
  }

  exact(generation: number): ExactAnalytics {
    const find = () => this.#generations.get(generation);
    return {
      positions: async () => new Map(find()?.positions),
      commit: async (change) => commit(find(), change),
      drops: async (ids) => ids.map((id) => find()?.drops.get(id) ?? null),
      async dropsOf(creatorId) {
        const drops = [...(find()?.drops.values() ?? [])];
        return drops.filter((drop) => drop.creatorId === creatorId).map(({ id }) => id);
      },
      async segments(dropId, first, limit) {
        const stored: StoredSegment[] = [];
        for (const [index, bytes] of find()?.segments.get(dropId) ?? [])
          if (index >= first) stored.push({ dropId, index, bytes });
        return stored.sort((a, b) => a.index - b.index).slice(0, limit);
      },
    };
  }

  async begin(): Promise<number> {
    this.#removeOthers();
    this.#begun += 1;
    this.#generations.set(this.#begun, emptyGeneration());
    return this.#begun;
  }

  async serve(generation: number): Promise<void> {
    if (!this.#generations.has(generation)) return;
    this.#serving = generation;
    this.#removeOthers();
  }

  async discard(generation: number): Promise<void> {
    if (generation !== this.#serving) this.#generations.delete(generation);
  }

  async count({ gateway, flush, at, amounts, watching }: CountedFlush): Promise<boolean> {
    const before = this.#gateways.get(gateway);
    if (flush <= (before?.flush ?? 0)) return false;
    const counts = watching?.map(({ dropId, count }) => [dropId, count] as const);
    const present = counts === undefined ? before?.watching : new Map(counts);
    this.#gateways.set(gateway, { flush, at, watching: present ?? new Map<string, number>() });
    for (const amount of amounts) addTo(this.#counted, amount);
    return true;
  }

  async sums(subject: string, step: Step, from: number, to: number): Promise<Sums[]> {
    const found = new Map<number, Record<string, number>>();
    for (const kept of [this.#generations.get(this.#serving)!.sums, this.#counted]) {
      for (const [start, values] of kept.get(keyOf(subject, step)) ?? []) {
        if (start < from || start >= to) continue;
        const shown = found.get(start) ?? {};
        for (const [name, value] of values) if (value !== 0) shown[name] = value;
        if (Object.keys(shown).length > 0) found.set(start, shown);
      }
    }
    const sums = Array.from(found, ([start, values]) => ({ start, values }));
    return sums.sort((a, b) => a.start - b.start).slice(0, SUMS_MAX);
  }

  async watching(dropId: string, now: number): Promise<number> {
    let count = 0;
    for (const { at, watching } of this.#gateways.values())
      if (now - at <= WATCHING_KEPT_MS) count += watching.get(dropId) ?? 0;
    return count;
  }

  async trim(now: number, limit: number): Promise<number> {
    let removed = 0;
    for (const kept of [...this.#generations.values()]
      .map(({ sums }) => sums)
      .concat(this.#counted))
      for (const [key, starts] of kept) {
        if (key.startsWith('hour') || key.startsWith('all')) continue;
        for (const [start, values] of starts) {
          for (const name of values.keys()) {
            if (start >= now - FINE_KEPT_MS || removed === limit) break;
            values.delete(name);
            removed += 1;
          }
          if (values.size === 0) starts.delete(start);
        }
      }
    return removed;
  }

  #removeOthers(): void {
    for (const number of this.#generations.keys())
      if (number !== this.#serving) this.#generations.delete(number);
  }
}

function emptyGeneration(): Generation {
  return { positions: new Map(), drops: new Map(), segments: new Map(), sums: new Map() };
}

function commit(generation: Generation | undefined, change: ExactChange): boolean {
  if (generation === undefined) return false;
  const { positions, drops, segments, sums } = generation;
  for (const { shard, from } of change.positions)
    if ((positions.get(shard) ?? 0) !== from) return false;
  for (const { shard, to } of change.positions) positions.set(shard, to);
  for (const drop of change.drops) drops.set(drop.id, drop);
  for (const { dropId, index, bytes } of change.segments) {
    const ofDrop = segments.get(dropId) ?? new Map<number, Uint8Array>();
    segments.set(dropId, ofDrop.set(index, bytes));
  }
  for (const amount of change.amounts) addTo(sums, amount);
  return true;
}

function addTo(kept: Kept, { subject, step, start, name, value }: Amount): void {
  const key = keyOf(subject, step);
  const starts = kept.get(key) ?? new Map<number, Map<string, number>>();
  kept.set(key, starts);
  const values = starts.get(start) ?? new Map<string, number>();
  starts.set(start, values.set(name, (values.get(name) ?? 0) + value));
}

function keyOf(subject: string, step: Step): string {
  return `${step} ${subject}`;
}
