// The requests now in flight: bounded, counted, and waited for when the gateway stops.

export class Flight {
  /** Set by `drain`: connections are then closed after their reply. */
  draining = false;
  readonly #countMax: number;
  #count = 0;
  #landed: (() => void) | null = null;

  constructor(options: { countMax: number }) {
    this.#countMax = options.countMax;
  }

  get count(): number {
    return this.#count;
  }

  get full(): boolean {
    return this.#count > this.#countMax;
  }

  takeOff(): void {
    this.#count += 1;
  }

  land(): void {
    this.#count -= 1;
    if (this.#count === 0 && this.#landed !== null) this.#landed();
  }

  /** Waits until nothing is in flight, or for `waitMs`. True when everything has landed. */
  async drain(waitMs: number): Promise<boolean> {
    this.draining = true;
    if (this.#count === 0) return true;
    return await new Promise<boolean>((resolve) => {
      const timeout = setTimeout(() => {
        this.#landed = null;
        resolve(false);
      }, waitMs);
      this.#landed = () => {
        this.#landed = null;
        clearTimeout(timeout);
        resolve(true);
      };
    });
  }
}
