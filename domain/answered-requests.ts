// The requests with an Idempotency-Key that a drop has answered, with their first answers (H11). An
// answer is given again for 24 hours of shard time. None is evicted before that: past the bound a
// further request with a key is refused. Entries are in order of time, which never goes back in a
// shard, so those that have ended are at the front.

import type { DropView } from '../contracts/drops.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { KeyedRequest } from '../contracts/requests.ts';

/** For this long the first answer is given again. */
export const REPEAT_MS = 24 * 60 * 60 * 1_000;
/** Requests of one drop within 24 hours: about 10 MB of memory. */
export const ANSWERED_REQUESTS_MAX = 16_384;
/** With its answer. */
const REQUEST_BYTES = 640;

export interface AnsweredRequest {
  readonly id: string;
  readonly fingerprint: string;
  /** Milliseconds since the Unix epoch, in shard time. */
  readonly at: number;
  readonly answer: DropView | OrderView;
}

export class AnsweredRequests {
  readonly #byId = new Map<string, AnsweredRequest>();
  /** Oldest first. */
  readonly #inOrder: AnsweredRequest[] = [];
  #first = 0;

  /** How many requests were evicted since the drop began: the number of the oldest one here. */
  get first(): number {
    return this.#first;
  }

  get size(): number {
    return this.#inOrder.length;
  }

  get memoryBytes(): number {
    return this.size * REQUEST_BYTES;
  }

  /** The request, if its answer is given again at `now`. */
  find({ id }: Pick<KeyedRequest, 'id'>, now: number): AnsweredRequest | null {
    const found = this.#byId.get(id);
    return found === undefined || hasEnded(found, now) ? null : found;
  }

  /** How long a further request must wait at `now`, in milliseconds; 0 where there is room. */
  waitMs(now: number): number {
    if (this.size < ANSWERED_REQUESTS_MAX) return 0;
    return Math.max(0, this.#inOrder[0]!.at + REPEAT_MS - now);
  }

  /** Evicts those that have ended by the time of the added one. */
  add(request: AnsweredRequest): void {
    let ended = 0;
    while (ended < this.size && hasEnded(this.#inOrder[ended]!, request.at)) ended += 1;
    for (const { id } of this.#inOrder.splice(0, ended)) this.#byId.delete(id);
    this.#first += ended;
    this.#byId.set(request.id, request);
    this.#inOrder.push(request);
  }

  /** Those with the numbers from `from` up to `end`. */
  slice(from: number, end: number): AnsweredRequest[] {
    return this.#inOrder.slice(Math.max(0, from - this.#first), Math.max(0, end - this.#first));
  }

  /** Adds stored requests, the first of which has the number `from`, to those before them. */
  restore(from: number, requests: readonly AnsweredRequest[]): void {
    if (this.size === 0) this.#first = from;
    for (const request of requests) {
      this.#byId.set(request.id, request);
      this.#inOrder.push(request);
    }
  }
}

function hasEnded({ at }: AnsweredRequest, now: number): boolean {
  return at + REPEAT_MS <= now;
}
