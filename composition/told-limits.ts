// The limits in force of a gateway thread: those that its main thread has read.

import type { Limits } from '../contracts/limits.ts';
import type { LimitsSource } from '../gateway/http/limits.ts';

export class ToldLimits implements LimitsSource {
  readonly #listeners: ((limits: Limits) => void)[] = [];
  #current: Limits;

  constructor(current: Limits) {
    this.#current = current;
  }

  get current(): Limits {
    return this.#current;
  }

  onReplaced(listener: (limits: Limits) => void): void {
    this.#listeners.push(listener);
  }

  replace(limits: Limits): void {
    this.#current = limits;
    for (const listener of this.#listeners) listener(limits);
  }
}
