// What this process sent by Web Push, by service and outcome, for metrics.

import type { PushResult } from './push-sender.ts';

/** The large services by their hosts; anybody may run one, so all others are one. */
const KINDS: readonly (readonly [kind: string, host: RegExp])[] = [
  ['google', /(?:^|\.)googleapis\.com$|\.google\.com$/],
  ['mozilla', /\.mozilla\.(?:com|org)$/],
  ['apple', /\.push\.apple\.com$/],
  ['microsoft', /\.notify\.windows\.com$/],
];

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
    const service = serviceKind(endpoint);
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

export function serviceKind(endpoint: string): string {
  if (!URL.canParse(endpoint)) return 'other';
  const { hostname } = new URL(endpoint);
  return KINDS.find(([, host]) => host.test(hostname))?.[0] ?? 'other';
}
