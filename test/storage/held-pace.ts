import type { Pace } from '../../storage/ports/pace.ts';

/** Work waits for `release`, or for its end. */
export class HeldPace implements Pace {
  #release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => (this.#release = resolve));

  giveWay(): Promise<void> {
    return this.#released;
  }
  rest(): void {}
  stop(): void {
    this.#release();
  }
  release(): void {
    this.#release();
  }
}
