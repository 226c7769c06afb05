// All restrictions, in the memory of a node: a followed log (A9, A11). So whoever must know whether
// a user is banned or a drop is taken down looks a key up and asks no store. One that was lifted
// stays for a while without effect, so that an earlier change which comes late does not count.

import type { Clock } from '../actors/clock.ts';
import { type LiveBus, type LiveMessage, RESTRICTIONS_TOPIC } from '../actors/live-bus.ts';
import type { RestrictionChange, RestrictionKind } from '../contracts/restrictions.ts';
import type { RestrictionStore } from '../storage/ports/restrictions.ts';
import { FollowedLog, type FollowedPage } from './followed-log.ts';

const PAGE_LENGTH = 2_000;
/** Of restrictions that were lifted or have an end, until those without effect are removed. */
const SPENT_MAX = 10_000;
/** Of the newest changes: an earlier one of the same restriction may be on its way. */
const SPENT_KEPT_CHANGES = 1_000;

export interface RestrictionSetOptions {
  readonly bus: LiveBus;
  readonly restrictions: Pick<RestrictionStore, 'changes'>;
  readonly clock: Clock;
  readonly log: { warn(fields: object, message: string): void };
  readonly spentMax?: number;
}

/** The restrictions of a subject are a chain: most have one. */
interface Entry {
  readonly kind: RestrictionKind;
  readonly scope: string;
  sequence: number;
  /** Milliseconds since the Unix epoch; 0: it was lifted. */
  until: number;
  next: Entry | null;
}

type Entries = Map<string, Entry>;

/** Whether a user may buy. `creator-needed`: it depends on whose drop it is. */
export type BanAnswer = 'banned' | 'creator-needed' | 'not-banned';

/** A drop, or a product, or a creator, by the ids that are given. */
export interface Hideable {
  /** Of a drop. */
  readonly id?: string | undefined;
  readonly productId?: string | undefined;
  readonly creatorId: string;
}

export class RestrictionSet {
  readonly #options: RestrictionSetOptions;
  readonly #followed: FollowedLog;
  #entries: Entries = new Map();
  /** Read anew from the beginning, to replace the others. */
  #fresh: Entries | null = null;
  #newest = 0;
  /**
   * `newest` of the store when the last read from the beginning began. That read has missed no lift
   * up to this sequence: what was lifted before was on none of its pages.
   */
  #newestAtBeginning = 0;
  /** Changes that lift or have an end, since those without effect were removed last. */
  #endingCount = 0;
  /** Changes of take-downs that are known: while there are none nothing is hidden. */
  #takeDowns = 0;
  readonly #listeners = new Set<() => void>();

  constructor(options: RestrictionSetOptions) {
    this.#options = options;
    this.#followed = new FollowedLog({
      ...options,
      name: 'the restrictions',
      topic: RESTRICTIONS_TOPIC,
      onMessage: (message) => this.#onMessage(message),
      readPage: (after) => this.#readPage(after),
      onCaughtUp: () => this.#notify(),
    });
  }

  /** Resolves when every restriction from before counts. Errors: `store-unavailable`. */
  start(): Promise<void> {
    return this.#followed.start();
  }

  stop(): void {
    this.#followed.stop();
  }

  /** No restriction is known: lets callers skip the look-up. */
  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** Subjects in memory, for metrics. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Whether the user is banned everywhere or by the creator; null: it is not known whose drop it
   * is. One look-up for a user without a ban.
   */
  banOf(userId: string, creatorId: string | null): BanAnswer {
    let entry = this.#entries.get(userId) ?? null;
    let answer: BanAnswer = 'not-banned';
    for (; entry !== null; entry = entry.next) {
      if (entry.kind !== 'ban' || entry.until <= this.#options.clock.now()) continue;
      if (entry.scope === '' || entry.scope === creatorId) return 'banned';
      if (creatorId === null) answer = 'creator-needed';
    }
    return answer;
  }

  /**
   * Whether it is taken down, by itself or with its product or creator. Three look-ups where
   * anything is, one comparison where nothing is.
   */
  isHidden({ id, productId, creatorId }: Hideable): boolean {
    if (this.#takeDowns === 0) return false;
    return (
      this.#has('take-down', 'creator', creatorId) ||
      (productId !== undefined && this.#has('take-down', 'product', productId)) ||
      (id !== undefined && this.#has('take-down', 'drop', id))
    );
  }

  /** Calls the listener when something may be hidden, or shown, that was not before. */
  onTakeDown(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #has(kind: RestrictionKind, scope: string, subject: string): boolean {
    let entry = this.#entries.get(subject) ?? null;
    for (; entry !== null; entry = entry.next) {
      if (entry.kind === kind && entry.scope === scope)
        return entry.until > this.#options.clock.now();
    }
    return false;
  }

  #onMessage(message: LiveMessage): void {
    if (message.type !== 'restriction') return;
    this.#add(message.change);
    if (message.change.kind === 'take-down') this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  async #readPage(after: number): Promise<FollowedPage> {
    // Made before the page is read, so that messages which arrive meanwhile are added to it.
    if (after === 0) this.#fresh = this.isEmpty ? null : new Map();
    const page = await this.#options.restrictions.changes(after, PAGE_LENGTH);
    if (after === 0) this.#newestAtBeginning = page.newest;
    else if (page.trimmed > Math.max(after, this.#newestAtBeginning))
      return { position: 0, isLast: false };
    for (const change of page.changes) this.#add(change);
    const isLast = page.changes.length < PAGE_LENGTH;
    if (isLast && this.#fresh !== null) {
      this.#entries = this.#fresh;
      this.#fresh = null;
    }
    return { position: page.position, isLast };
  }

  #add(change: RestrictionChange): void {
    this.#newest = Math.max(this.#newest, change.sequence);
    addTo(this.#entries, change);
    if (this.#fresh !== null) addTo(this.#fresh, change);
    if (change.kind === 'take-down') this.#takeDowns += 1;
    if (change.isLifted || change.until !== null) this.#endingCount += 1;
    const { spentMax = SPENT_MAX } = this.#options;
    if (this.#endingCount >= spentMax) this.#removeSpent();
  }

  #removeSpent(): void {
    const now = this.#options.clock.now();
    this.#endingCount = 0;
    for (const [subject, first] of this.#entries) {
      let kept: Entry | null = null;
      for (let entry: Entry | null = first; entry !== null; ) {
        const { next }: Entry = entry;
        const isNew = entry.sequence > this.#newest - SPENT_KEPT_CHANGES;
        if (entry.until > now || isNew) {
          entry.next = kept;
          kept = entry;
        }
        entry = next;
      }
      if (kept === null) this.#entries.delete(subject);
      else this.#entries.set(subject, kept);
    }
  }
}

/** Of two changes of one restriction the later one counts, in whatever order they come. */
function addTo(entries: Entries, change: RestrictionChange): void {
  const { kind, scope, subject, sequence } = change;
  const until = change.isLifted ? 0 : (change.until ?? Infinity);
  const first = entries.get(subject) ?? null;
  for (let entry = first; entry !== null; entry = entry.next) {
    if (entry.kind !== kind || entry.scope !== scope) continue;
    if (sequence > entry.sequence) {
      entry.sequence = sequence;
      entry.until = until;
    }
    return;
  }
  entries.set(subject, { kind, scope, sequence, until, next: first });
}
