// What a gateway counts of one drop: whole numbers in an object that the order path, a cached card
// and a live channel hold already, so that counting is one addition. `GatewayAnalytics` stores them
// each second.

import { LATENCY, REFUSED } from '../../events/analytics/counted-names.ts';

/** The service levels of orders, in milliseconds. */
const FAST_MS = 20;
const READ_MS = 200;
const ORDER_MS = 500;

export class DropCounts {
  readonly dropId: string;
  views = 0;
  streams = 0;
  tries = 0;
  within20Ms = 0;
  within200Ms = 0;
  within500Ms = 0;
  longer = 0;
  /** By code. */
  readonly refused = new Map<string, number>();
  /** Live streams at the drop now, and the most of them since the last flush. */
  watching = 0;
  mostWatching = 0;
  /** Something may have been counted since the last flush. */
  isTouched = false;
  readonly #touched: (counts: DropCounts) => void;

  /** `touched` is called with the first count after each flush. */
  constructor(dropId: string, touched: (counts: DropCounts) => void = () => undefined) {
    this.dropId = dropId;
    this.#touched = touched;
  }

  viewed(): void {
    this.views += 1;
    if (!this.isTouched) this.touch();
  }

  /** An order was answered. `code`: of its refusal; empty where it was placed. */
  answered(code: string, ms: number): void {
    this.tries += 1;
    if (ms <= FAST_MS) this.within20Ms += 1;
    else if (ms <= READ_MS) this.within200Ms += 1;
    else if (ms <= ORDER_MS) this.within500Ms += 1;
    else this.longer += 1;
    if (code !== '') this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
    if (!this.isTouched) this.touch();
  }

  joined(): void {
    this.streams += 1;
    this.watching += 1;
    if (this.watching > this.mostWatching) this.mostWatching = this.watching;
    this.touch();
  }

  left(): void {
    this.watching -= 1;
    this.touch();
  }

  touch(): void {
    this.isTouched = true;
    this.#touched(this);
  }

  /** Forgets what was counted since the last flush. */
  discard(): void {
    for (const _ of this.take());
    this.isTouched = false;
  }

  /** Takes what was counted since the last call, but for who watches. */
  *take(): Generator<readonly [name: string, value: number]> {
    yield ['views', this.views];
    yield ['streams', this.streams];
    yield ['tries', this.tries];
    yield [LATENCY.within20Ms, this.within20Ms];
    yield [LATENCY.within200Ms, this.within200Ms];
    yield [LATENCY.within500Ms, this.within500Ms];
    yield [LATENCY.longer, this.longer];
    for (const [code, count] of this.refused) yield [REFUSED + code, count];
    this.views = 0;
    this.streams = 0;
    this.tries = 0;
    this.within20Ms = 0;
    this.within200Ms = 0;
    this.within500Ms = 0;
    this.longer = 0;
    this.refused.clear();
  }
}
