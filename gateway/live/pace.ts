// Limits how fast stock ticks follow one another over all drops. Sending one frame to ten thousand
// sockets blocks the process for about 90 ms (`npm run bench -- live-fanout`); ten such ticks a
// second would leave no time for orders. So each delivered frame reserves a little more time than
// it needs, and a tick that is due before that time is over waits for its end. The pace is one
// number. A drop with few subscribers is not delayed, and the first change after a pause is sent at
// once.

export interface FanoutPaceOptions {
  /** Time reserved for each frame that a socket gets. */
  readonly microsPerFrame: number;
  /** The longest delay of a tick, however many sockets there are. */
  readonly waitMsMax: number;
}

export class FanoutPace {
  readonly #msPerFrame: number;
  readonly #waitMsMax: number;
  #freeAt = 0;

  constructor(options: FanoutPaceOptions) {
    this.#msPerFrame = options.microsPerFrame / 1000;
    this.#waitMsMax = options.waitMsMax;
  }

  /** The earliest time of the next tick, on the clock that `spend` gets. */
  get freeAt(): number {
    return this.#freeAt;
  }

  /** Reserves time for a frame that was published to `sockets` sockets. */
  spend(sockets: number, now: number): void {
    const freeAt = Math.max(this.#freeAt, now) + sockets * this.#msPerFrame;
    this.#freeAt = Math.min(freeAt, now + this.#waitMsMax);
  }
}
