// How long the turns of this thread's event loop are, in CPU time: what others on the machine do
// lengthens no turn. Asks once a millisecond, so that a turn counts that was longer than that.

import { Latencies, type Spread } from './latencies.ts';

const LOOK_INTERVAL_MS = 1;

export class TurnTimes {
  #turns = new Latencies();
  #before = process.threadCpuUsage();

  constructor() {
    setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref();
  }

  /** Since the last call. */
  take(): Spread {
    const spread = this.#turns.spread();
    this.#turns = new Latencies();
    return spread;
  }

  #look(): void {
    const { user, system } = process.threadCpuUsage(this.#before);
    this.#before = process.threadCpuUsage();
    this.#turns.add((user + system) / 1000);
  }
}
