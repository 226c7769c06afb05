// What a shard has in memory: its drops, their views as of the last durable moment, when each of them is due next, and the way in
// and out for drops that are over.

import type { Logger } from 'pino';
import type { DropState } from '../../domain/drop-state.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import type { Clock } from '../clock.ts';
import { DeadlineHeap } from './deadline-heap.ts';
import { SealedDrops } from './sealed-drops.ts';
import { ShardSealing } from './shard-sealing.ts';

export interface ShardMemoryOptions {
  readonly id: number;
  readonly snapshots: SnapshotStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether the shard serves: otherwise nothing is put aside. */
  readonly serves: () => boolean;
  /** `OutputGate.whenOpen`. */
  readonly whenOpen: <T>(read: () => T) => Promise<T>;
  /** Whether a command for the drop is waiting to be decided. */
  readonly waits: (dropId: string) => boolean;
}

export class ShardMemory {
  readonly sealed: SealedDrops;
  readonly #sealing: ShardSealing;
  #drops = new Map<string, DropState>();
  #views = new Map<string, DropView>();
  #deadlines = new DeadlineHeap();

  constructor(options: ShardMemoryOptions) {
    this.sealed = new SealedDrops(options);
    this.#sealing = new ShardSealing({
      ...options,
      find: (dropId) => this.#drops.get(dropId),
      forget: (dropId) => {
        this.#drops.delete(dropId);
        this.#views.delete(dropId);
      },
    });
  }

  get drops(): ReadonlyMap<string, DropState> {
    return this.#drops;
  }
  get liveDropCount(): number {
    let count = 0;
    for (const view of this.#views.values()) if (view.status === 'live') count += 1;
    return count;
  }
  /** When the next drop is due; Infinity for never. */
  get nextDeadline(): number {
    return this.#deadlines.next;
  }

  find(dropId: string): DropState | undefined {
    return this.#drops.get(dropId);
  }
  /** Whether the drop is in memory, where it then stays for a while. */
  ask(dropId: string): boolean {
    const state = this.#drops.get(dropId);
    if (state?.isOver) this.#sealing.note(dropId);
    return state !== undefined;
  }
  /** As of the last durable moment. */
  view(dropId: string): DropView | undefined {
    return this.#views.get(dropId);
  }

  /** A drop that a batch has made; it has no view before the batch is durable. */
  add(state: DropState): void {
    this.#drops.set(state.id, state);
  }

  /** A drop that came from the store; what it holds is durable. Returns its view. */
  adopt(state: DropState): DropView {
    this.add(state);
    return this.noteDurable(state);
  }

  /** The drop as it stands is durable. Returns its view. */
  noteDurable(state: DropState): DropView {
    const view = state.view();
    this.#views.set(state.id, view);
    this.noteDeadline(state);
    if (state.isOver) this.#sealing.note(state.id);
    return view;
  }

  /** Takes a drop whose deadline has passed, or null; its next deadline is to be noted again. */
  takeDue(now: number): string | null {
    return this.#deadlines.takeDue(now);
  }
  noteDeadline(state: DropState): void {
    this.#deadlines.add(state.id, state.nextDeadline());
  }

  clear(): void {
    this.#drops = new Map();
    this.#views = new Map();
    this.#deadlines = new DeadlineHeap();
    this.#sealing.clear();
  }
}
