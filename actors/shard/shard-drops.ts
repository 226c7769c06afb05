// The drops that a shard has in memory, their views as of the last durable moment, and when each of
// them changes by itself next. Drops that are over come and go: `actors/shard/sealed-drops.ts`.
//
// A drop whose orders are due, by ended holds or a cancellation, waits for its turns in queues of
// their own, and meanwhile stands among the deadlines only with its opening or closing.

import type { DropState } from '../../domain/drop-state.ts';
import type { DropView } from '../../contracts/drops.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import type { Quarantine } from './quarantine.ts';

export class ShardDrops {
  readonly #quarantine: Quarantine;
  #states = new Map<string, DropState>();
  #views = new Map<string, DropView>();
  /** Of drops in memory that were loaded or sealed: the version that is sealed. */
  #sealedVersions = new Map<string, number>();
  #deadlines = new DeadlineHeap();
  /** Drops whose orders have come due, and drops that had a turn and have more; in their order. */
  #firstTurns = new Set<string>();
  #nextTurns = new Set<string>();

  constructor({ quarantine }: { readonly quarantine: Quarantine }) {
    this.#quarantine = quarantine;
  }

  get states(): ReadonlyMap<string, DropState> {
    return this.#states;
  }
  get liveCount(): number {
    let count = 0;
    for (const view of this.#views.values()) if (view.status === 'live') count += 1;
    return count;
  }
  /** When the next drop is due, in milliseconds since the Unix epoch; Infinity for never. */
  get nextDeadline(): number {
    return this.#deadlines.next;
  }
  get hasFirstTurns(): boolean {
    return this.#firstTurns.size > 0;
  }
  get hasDueOrders(): boolean {
    return this.#firstTurns.size > 0 || this.#nextTurns.size > 0;
  }

  find(dropId: string): DropState | undefined {
    return this.#states.get(dropId);
  }
  /** As of the last durable moment. */
  view(dropId: string): DropView | undefined {
    return this.#views.get(dropId);
  }

  /** A drop that a batch has made; it has no view before the batch is durable. */
  add(state: DropState): void {
    this.#states.set(state.id, state);
  }

  /** The drop as it stands is durable. Returns its view. */
  commit(state: DropState): DropView {
    const view = state.view();
    this.#states.set(state.id, state);
    this.#views.set(state.id, view);
    this.schedule(state);
    return view;
  }

  evict(dropId: string): void {
    this.#states.delete(dropId);
    this.#views.delete(dropId);
    this.#sealedVersions.delete(dropId);
  }

  markSealed(dropId: string, version: number): void {
    this.#sealedVersions.set(dropId, version);
  }
  /** Whether the drop is sealed as it stands: then neither sealing nor a snapshot writes it. */
  isSealed(state: DropState): boolean {
    return this.#sealedVersions.get(state.id) === state.version;
  }

  /** Takes a drop whose deadline has passed, or null. To be followed by `schedule`. */
  takeDue(now: number): string | null {
    return this.#deadlines.takeDue(now);
  }

  /**
   * Takes the drop whose turn is next, or null: first turns first. To be followed by `schedule`.
   */
  takeTurn(): string | null {
    return takeFirst(this.#firstTurns) ?? takeFirst(this.#nextTurns);
  }

  /** The drop's orders have come due. To be followed by `schedule`. */
  queueFirstTurn(dropId: string): void {
    this.#firstTurns.add(dropId);
  }

  /** More of the drop's orders are due: behind all others. To be followed by `schedule`. */
  queueNextTurn(dropId: string): void {
    this.#nextTurns.add(dropId);
  }

  schedule(state: DropState): void {
    const { id } = state;
    if (this.#quarantine.has(id)) return;
    const waitsForTurn = this.hasDueOrders && (this.#nextTurns.has(id) || this.#firstTurns.has(id));
    const at = waitsForTurn ? state.nextStatusDeadline() : state.nextDeadline();
    this.#deadlines.add(id, at);
  }

  clear(): void {
    this.#states = new Map();
    this.#views = new Map();
    this.#sealedVersions = new Map();
    this.#deadlines = new DeadlineHeap();
    this.#firstTurns = new Set();
    this.#nextTurns = new Set();
  }
}

function takeFirst(queue: Set<string>): string | null {
  for (const dropId of queue) {
    queue.delete(dropId);
    return dropId;
  }
  return null;
}
