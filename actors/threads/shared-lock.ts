// A lock in shared memory for sections of some hundred nanoseconds, such as one look into a table.
// Who finds it taken tries some times and then sleeps, so that a holder which the system has
// interrupted costs nobody a core. After U. Drepper, "Futexes Are Tricky" (2011), mutex 2.

const FREE = 0;
const TAKEN = 1;
/** And somebody sleeps until it is free. */
const AWAITED = 2;
/** About as long as a section takes. */
const TRIES = 100;

export class SharedLock {
  readonly #state: Int32Array;
  readonly #at: number;

  /** `state[at]` is the lock's own, and 0 before its first use. */
  constructor(state: Int32Array, at = 0) {
    this.#state = state;
    this.#at = at;
  }

  /** Not twice by one thread. What follows must not throw before `release`. */
  acquire(): void {
    const state = this.#state;
    const at = this.#at;
    for (let tries = 0; tries < TRIES; tries++)
      if (Atomics.compareExchange(state, at, FREE, TAKEN) === FREE) return;
    while (Atomics.exchange(state, at, AWAITED) !== FREE) Atomics.wait(state, at, AWAITED);
  }

  release(): void {
    const state = this.#state;
    const at = this.#at;
    if (Atomics.exchange(state, at, FREE) === AWAITED) Atomics.notify(state, at, 1);
  }
}
