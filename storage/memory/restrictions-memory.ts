// Restrictions in memory, for tests.

import type { EntityChange } from '../../contracts/changes.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type {
  Restriction,
  RestrictionChange,
  RestrictionKey,
} from '../../contracts/restrictions.ts';
import {
  LIFTED_RESTRICTIONS_MAX,
  type RestrictionBounds,
  type RestrictionChanges,
  type RestrictionStore,
} from '../ports/restrictions.ts';
import { recordOfRestriction } from '../formats/restriction.ts';
import type { MemoryChangeStream } from './change-stream-memory.ts';
import { pageNewestFirst } from './newest-first.ts';

interface Stored {
  readonly restriction: Restriction;
  readonly sequence: number;
}

export class MemoryRestrictionStore implements RestrictionStore {
  readonly #stream: MemoryChangeStream;
  readonly #liftedMax: number;
  readonly #rows = new Map<string, Stored>();
  /** Oldest first. */
  readonly #lifted = new Map<string, RestrictionChange>();
  #sequence = 0;
  #trimmed = 0;

  constructor(options: {
    readonly changes: MemoryChangeStream;
    readonly liftedMax?: number | undefined;
  }) {
    this.#stream = options.changes;
    this.#liftedMax = options.liftedMax ?? LIFTED_RESTRICTIONS_MAX;
  }

  async put(
    restriction: Restriction,
    { ofScopeMax, max }: RestrictionBounds,
    now: number,
  ): Promise<RestrictionChange | null> {
    for (const [key, { restriction: one }] of this.#rows) {
      if (one.until !== null && one.until <= now) this.#rows.delete(key);
    }
    const key = textOf(restriction);
    const { kind, since } = restriction;
    const ofKind = [...this.#rows.values()].filter((one) => one.restriction.kind === kind);
    const isFull = ofKind.length >= max || this.#of(restriction).length >= ofScopeMax;
    if (isFull && !this.#rows.has(key)) return null;
    this.#append(recordOfRestriction(restriction, since));
    this.#sequence += 1;
    const stored = { restriction, sequence: this.#sequence };
    this.#lifted.delete(key);
    this.#rows.set(key, stored);
    return changeOf(stored);
  }

  async lift(key: RestrictionKey): Promise<RestrictionChange | null> {
    const text = textOf(key);
    const stored = this.#rows.get(text);
    if (stored === undefined) return null;
    this.#append(recordOfRestriction(stored.restriction, null));
    this.#rows.delete(text);
    const { kind, scope, subject } = key;
    this.#sequence += 1;
    const sequence = this.#sequence;
    const change = { kind, scope, subject, until: null, isLifted: true, sequence };
    this.#lifted.set(text, change);
    if (this.#lifted.size > this.#liftedMax) {
      const [oldest] = this.#lifted;
      this.#lifted.delete(oldest![0]);
      this.#trimmed = oldest![1].sequence;
    }
    return change;
  }

  async find(key: RestrictionKey): Promise<Restriction | null> {
    return this.#rows.get(textOf(key))?.restriction ?? null;
  }

  async list(
    of: Pick<RestrictionKey, 'kind' | 'scope'>,
    page: PageRequest,
  ): Promise<Page<Restriction>> {
    const positionOf = ({ since: time, subject: id }: Restriction) => ({ time, id });
    return pageNewestFirst('restrictions', this.#of(of), positionOf, page);
  }

  async changes(after: number, limit: number): Promise<RestrictionChanges> {
    const all = [...[...this.#rows.values()].map(changeOf), ...this.#lifted.values()];
    const changes = all
      .filter(({ sequence }) => sequence > after)
      .toSorted((a, b) => a.sequence - b.sequence)
      .slice(0, limit);
    const position = changes.at(-1)?.sequence ?? after;
    return { changes, position, newest: this.#sequence, trimmed: this.#trimmed };
  }

  #append(change: EntityChange | null): void {
    if (change !== null) this.#stream.append(change);
  }

  #of({ kind, scope }: Pick<RestrictionKey, 'kind' | 'scope'>): Restriction[] {
    return [...this.#rows.values()]
      .map(({ restriction }) => restriction)
      .filter((one) => one.kind === kind && one.scope === scope);
  }
}

function textOf({ kind, scope, subject }: RestrictionKey): string {
  return `${kind} ${scope} ${subject}`;
}

function changeOf({ restriction, sequence }: Stored): RestrictionChange {
  const { kind, scope, subject, until } = restriction;
  return { kind, scope, subject, until, isLifted: false, sequence };
}
