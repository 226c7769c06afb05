// How fast stock ticks may follow one another over all drops together. To send a frame to ten
// thousand sockets holds the process for some 90 ms (`npm run bench -- live-fanout`); ten such
// ticks a second would leave nothing for orders. So each delivered frame sets aside a little more
// time than it needs, and a tick that comes before that time is over waits for it. One number: a
// drop with few listeners never notices, and the first change after a pause goes out at once.

export interface FanoutPaceOptions {
  /** Set aside for each frame that a socket gets. */
  readonly microsPerFrame: number;
  /** No tick waits longer than this, however many sockets there are. */
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

  /** When the next tick may go out, in the time of `spend`. */
  get freeAt(): number {
    return this.#freeAt;
  }

  /** A frame was published to so many sockets. */
  spend(sockets: number, now: number): void {
    const freeAt = Math.max(this.#freeAt, now) + sockets * this.#msPerFrame;
    this.#freeAt = Math.min(freeAt, now + this.#waitMsMax);
  }
}
