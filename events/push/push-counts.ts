// What this process sent by Web Push, by service and outcome, for metrics.

import { LRUCache } from 'lru-cache';
import type { PushResult } from './push-sender.ts';

/** The large services by their hosts; anybody may run one, so all others are one. */
const KINDS: readonly (readonly [kind: string, host: RegExp])[] = [
  ['google', /\.(?:googleapis|google)\.com$/],
  ['mozilla', /\.mozilla\.(?:com|org)$/],
  ['apple', /\.push\.apple\.com$/],
  ['microsoft', /\.notify\.windows\.com$/],
];

/** The longest scheme of an endpoint, behind which its host begins. */
const HOST_BEGIN = 'https://'.length;
const ORIGINS_MAX = 256;
const kindOf = new LRUCache<string, string>({ max: ORIGINS_MAX });

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

/** Few services take nearly all messages, so their kinds are remembered. */
function serviceKind(endpoint: string): string {
  const end = endpoint.indexOf('/', HOST_BEGIN);
  const origin = end === -1 ? endpoint : endpoint.slice(0, end);
  const known = kindOf.get(origin);
  if (known !== undefined) return known;
  const hostname = URL.canParse(origin) ? new URL(origin).hostname : '';
  const kind = KINDS.find(([, host]) => host.test(hostname))?.[0] ?? 'other';
  kindOf.set(origin, kind);
  return kind;
}
