// The drops that a shard has in memory, their views as of the last durable moment, and when each of
// them changes by itself next. Drops that are over come and go: `actors/shard/sealed-drops.ts`.

import type { DropState } from '../../domain/drop-state.ts';
import type { DropView } from '../../contracts/drops.ts';
import { DeadlineHeap } from './deadline-heap.ts';

export class ShardDrops {
  #states = new Map<string, DropState>();
  #views = new Map<string, DropView>();
  #deadlines = new DeadlineHeap();

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
  }

  /** Takes a drop whose deadline has passed, or null. To be followed by `schedule`. */
  takeDue(now: number): string | null {
    return this.#deadlines.takeDue(now);
  }
  schedule(state: DropState): void {
    this.#deadlines.add(state.id, state.nextDeadline());
  }

  clear(): void {
    this.#states = new Map();
    this.#views = new Map();
    this.#deadlines = new DeadlineHeap();
  }
}
