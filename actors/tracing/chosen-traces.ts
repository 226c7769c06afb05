// The ids of traces that are sent although their ratio did not choose them. An id is known for
// between one and two generations, and at least as long as there is room.

export class ChosenTraces {
  readonly #countMax: number;
  #young = new Set<string>();
  #old = new Set<string>();

  /** `countMax`: ids of one generation. */
  constructor(options: { readonly countMax: number }) {
    this.#countMax = options.countMax;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  has(traceId: string): boolean {
    return this.#young.has(traceId) || this.#old.has(traceId);
  }

  add(traceId: string): void {
    if (this.#young.size >= this.#countMax) this.age();
    this.#young.add(traceId);
  }

  /** Begins a new generation. */
  age(): void {
    this.#old = this.#young;
    this.#young = new Set();
  }
}
