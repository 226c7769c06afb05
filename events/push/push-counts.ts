// What this process sent by Web Push, by service and outcome, for metrics.

import { makerOf } from './push-makers.ts';
import type { PushResult } from './push-sender.ts';

export interface PushCount {
  /** Of the service. */
  readonly service: string;
  /** The outcome, or of a failure its reason. */
  readonly outcome: string;
  readonly count: number;
}

export class PushCounts {
  readonly #counts = new Map<string, { service: string; outcome: string; count: number }>();
  /** Messages that have no result yet. */
  underWay = 0;

  add(endpoint: string, { outcome, reason }: PushResult): void {
    const service = makerOf(endpoint) ?? 'other';
    const label = outcome === 'failed' ? (reason ?? outcome) : outcome;
    const name = `${service} ${label}`;
    const counted = this.#counts.get(name);
    if (counted === undefined) this.#counts.set(name, { service, outcome: label, count: 1 });
    else counted.count += 1;
  }

  samples(): readonly PushCount[] {
    return [...this.#counts.values()];
  }
}
