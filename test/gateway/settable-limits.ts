// Limits that a test replaces, as a changed file does.

import type { Limits } from '../../contracts/limits.ts';
import type { LimitsSource } from '../../gateway/http/limits.ts';

export class SettableLimits implements LimitsSource {
  #listener: (limits: Limits) => void = () => undefined;
  readonly current: Limits;

  constructor(limits: Limits) {
    this.current = limits;
  }

  onReplaced(listener: (limits: Limits) => void): void {
    this.#listener = listener;
  }

  replace(limits: Limits): void {
    this.#listener(limits);
  }
}
