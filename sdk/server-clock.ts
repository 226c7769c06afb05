// The server's clock by what its frames say, going on by a monotonic clock: a device whose clock is
// wrong shows the right countdown (D5).

export class ServerClock {
  /** The server's time minus the monotonic time; null before any frame. */
  #offset: number | null = null;

  /**
   * `isFirst`: of a new connection. Of several frames the one that was under way the shortest is
   * the nearest.
   */
  hear(serverTime: number, isFirst: boolean): void {
    const offset = serverTime - performance.now();
    if (isFirst || this.#offset === null || offset > this.#offset) this.#offset = offset;
  }

  /** Milliseconds since the Unix epoch; the device's clock before any frame. */
  now(): number {
    return this.#offset === null ? Date.now() : performance.now() + this.#offset;
  }
}
