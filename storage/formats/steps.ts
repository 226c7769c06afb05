// Long work beside which others have to have their turn, in steps of bounded length.

export type Pause = () => Promise<void>;

export class Steps {
  readonly #size: number;
  readonly #pause: Pause;
  #done = 0;

  /** `size` is how much is done without a pause, in whatever unit the work is counted. */
  constructor(size: number, pause: Pause) {
    this.#size = size;
    this.#pause = pause;
  }

  /** To be waited for before so much is done: pauses where the step would grow past its size. */
  async before(count: number): Promise<void> {
    if (this.#done > 0 && this.#done + count > this.#size) {
      await this.#pause();
      this.#done = 0;
    }
    this.#done += count;
  }
}
