// Kept answers to requests in memory, for tests.

import type { KeyedRequest } from '../../contracts/requests.ts';
import {
  type Answered,
  type Kept,
  REQUEST_BOUNDS,
  REQUEST_OVERHEAD_BYTES,
  type RequestBounds,
  type RequestLog,
} from '../ports/requests.ts';

interface KeptRequest {
  readonly fingerprint: string;
  readonly callerId: string;
  readonly endsAt: number;
  readonly value: string;
}

export class MemoryRequests implements RequestLog {
  readonly #bounds: RequestBounds;
  /** In order of time. */
  readonly #kept = new Map<string, KeptRequest>();

  constructor(bounds: Partial<RequestBounds> = {}) {
    this.#bounds = { ...REQUEST_BOUNDS, ...bounds };
  }

  async find(request: KeyedRequest): Promise<Kept<string> | null> {
    return this.findKept<string>(request);
  }

  findKept<T>({ id, fingerprint }: KeyedRequest): Kept<T> | null {
    const now = Date.now();
    const kept = this.#kept.get(id);
    if (kept === undefined || kept.endsAt <= now) return null;
    return answerOf(kept, fingerprint);
  }

  async keep(request: KeyedRequest, value: string): Promise<Answered<string>> {
    return this.once(request, () => value);
  }

  async remove({ id }: KeyedRequest, value: string): Promise<boolean> {
    const kept = this.#kept.get(id);
    if (kept === undefined || JSON.parse(kept.value) !== value) return false;
    return this.#kept.delete(id);
  }

  forget({ id }: KeyedRequest): void {
    this.#kept.delete(id);
  }

  /** Runs the effect and keeps its value, unless that is a refusal or one is kept already. */
  once<T>(
    { id, fingerprint, callerId }: KeyedRequest,
    effect: () => T,
    isRefusal: (value: T) => boolean = () => false,
  ): Answered<T> {
    const { lifetimeMs, bytesMax, callerBytesMax } = this.#bounds;
    const now = Date.now();
    for (const [old, { endsAt }] of this.#kept) if (endsAt <= now) this.#kept.delete(old);
    const kept = this.#kept.get(id);
    if (kept !== undefined) return answerOf(kept, fingerprint);
    const all = [...this.#kept.values()];
    const ofCaller = all.filter((one) => one.callerId === callerId);
    const isCallerFull = bytesOf(ofCaller) >= callerBytesMax;
    if (isCallerFull || bytesOf(all) >= bytesMax) {
      const retryAfterMs = Math.max(1, all[0]!.endsAt - now);
      return { result: 'no-room', ofCaller: isCallerFull, retryAfterMs };
    }
    const value = effect();
    if (!isRefusal(value)) {
      const text = JSON.stringify(value);
      this.#kept.set(id, { fingerprint, callerId, endsAt: now + lifetimeMs, value: text });
    }
    return { result: 'new', value };
  }
}

function answerOf<T>(kept: KeptRequest, fingerprint: string): Kept<T> {
  if (kept.fingerprint !== fingerprint) return { result: 'reused' };
  return { result: 'repeated', value: JSON.parse(kept.value) as T };
}

function bytesOf(kept: readonly KeptRequest[]): number {
  return kept.reduce((sum, { value }) => sum + value.length + REQUEST_OVERHEAD_BYTES, 0);
}

/** A refused effect, for `once`. */
export function isNull(value: unknown): boolean {
  return value === null;
}
