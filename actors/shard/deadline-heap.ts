// A binary min-heap of (time, drop): when drops change by themselves. A drop may stand in it more
// than once; whoever takes an entry out looks at the drop itself to see what is due.

interface Deadline {
  readonly at: number;
  readonly dropId: string;
}

export class DeadlineHeap {
  readonly #heap: Deadline[] = [];
  /**
   * The earliest entry of each drop: a later deadline needs no entry of its own, the earlier one
   * finds it.
   */
  readonly #earliest = new Map<string, number>();

  /** Milliseconds since the Unix epoch; Infinity when empty. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  add(dropId: string, at: number): void {
    if (at === Infinity || at >= (this.#earliest.get(dropId) ?? Infinity)) return;
    this.#earliest.set(dropId, at);
    const heap = this.#heap;
    let child = heap.length;
    heap.push({ at, dropId });
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (heap[parent]!.at <= at) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = { at, dropId };
  }

  /** Takes out the drop with the earliest deadline at or before `now`, or null. */
  takeDue(now: number): string | null {
    const heap = this.#heap;
    const top = heap[0];
    if (top === undefined || top.at > now) return null;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    if (this.#earliest.get(top.dropId) === top.at) this.#earliest.delete(top.dropId);
    return top.dropId;
  }

  #sink(deadline: Deadline): void {
    const heap = this.#heap;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child += 1;
      if (heap[child]!.at >= deadline.at) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = deadline;
  }
}
