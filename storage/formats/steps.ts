// Divides long work into steps of bounded length, with a pause for other work between two steps.

export type Pause = () => Promise<void>;

export class Steps {
  readonly #size: number;
  readonly #pause: Pause;
  #done = 0;

  /** `size` is the amount of work without a pause, in the unit that the caller counts in. */
  constructor(size: number, pause: Pause) {
    this.#size = size;
    this.#pause = pause;
  }

  /** Await it before work of this amount: pauses if the step would exceed its size. */
  async before(count: number): Promise<void> {
    if (this.#done > 0 && this.#done + count > this.#size) {
      await this.#pause();
      this.#done = 0;
    }
    this.#done += count;
  }
}
