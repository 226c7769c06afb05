// Sends half of LiveDrops' rate at fixed times to LiveDrops and to the bare servers. The bare
// servers show which part of the tail latency belongs to the machine. Orders are timed from when
// they were due.

import { LoadProcess } from '../load/load-process.ts';
import { ordersOf } from '../load/request-plan.ts';
import { costOf, type OpenLoop, sampleOf } from '../measure.ts';
import type { Contender } from '../order-comparison.ts';
import type { Sample, Subject } from '../scenario.ts';

/** Enough that no request at half the rate waits for a connection. */
export const PACED_CONNECTIONS = 512;
/** The load has code to compile too. */
const WARM_UP_PER_SECOND = 1_000;
const WARM_UP_SECONDS = 2;

export class HalfRate {
  readonly notes: string[] = [];
  readonly #load: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  readonly #samples = new Map<Contender, Sample[]>();

  /** Warms up the load on running servers, LiveDrops first. */
  async admit(contenders: readonly Contender[]): Promise<void> {
    for (const contender of contenders) {
      await this.#measure(contender, WARM_UP_PER_SECOND, WARM_UP_SECONDS);
      this.#samples.set(contender, []);
    }
  }

  /** Measures each contender once at this rate. */
  async measureRound(perSecond: number, seconds: number): Promise<void> {
    for (const [contender, samples] of this.#samples) {
      samples.push(await this.#measure(contender, perSecond, seconds));
    }
  }

  /** In the order of admission. */
  subjects(): Subject[] {
    return [...this.#samples].map(([{ server }, samples]) => {
      const { key, label, role, about } = server;
      const whose = role === 'livedrops' ? 'half of its rate' : 'at that rate';
      return { key: `${key}-half-rate`, label: `${label}, ${whose}`, role, about, samples };
    });
  }

  stop(): Promise<void> {
    return this.#load.stop();
  }

  async #measure({ server, plan }: Contender, perSecond: number, seconds: number): Promise<Sample> {
    const { host, port } = plan;
    const kinds = [ordersOf(plan)];
    const job = { host, port, kinds, connections: PACED_CONNECTIONS, perSecond, seconds };
    const { result, cost } = await costOf(server, this.#load, job);
    const { done, due } = result.kinds['orders']!;
    if (done.answers < due) {
      const missing = due - done.answers;
      this.notes.push(
        `${server.label}: ${missing} of ${due} orders at fixed times were not placed.`,
      );
    }
    return sampleOf({ ...done, ...cost, perSecond: done.answers / result.seconds });
  }
}
