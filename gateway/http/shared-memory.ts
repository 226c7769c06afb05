// What the gateways of one process share, where it has several threads: whatever is promised of a
// node and not of a thread (decision 116). The system has memory only for what is used of it.

import { createSharedTable } from '../../actors/threads/shared-table.ts';
import { createWindowMemory } from '../orders/order-window.ts';
import { DEFAULT_RATE_POLICIES, type RateClass } from './rate-limits.ts';

/** A third of them are used by as many keys as a limiter of one thread has at most. */
const RATE_PLACES = 2 ** 18;
/** Each live stream has an address, and most have a user. */
const STREAM_PLACES = 2 ** 19;
const SLOT_PLACES = 2 ** 10;

export type RateTables = Readonly<
  Record<
    RateClass,
    { readonly address: SharedArrayBuffer; readonly user: SharedArrayBuffer | null }
  >
>;

export interface GatewayMemory {
  /** How many threads serve clients. */
  readonly threads: number;
  readonly rates: RateTables;
  /** Live streams (`Admission`). */
  readonly streams: SharedArrayBuffer;
  /** Replies that take long (`StreamSlots`), of each kind. */
  readonly slots: SharedArrayBuffer;
  readonly results: SharedArrayBuffer;
  readonly window: SharedArrayBuffer;
}

export function createGatewayMemory(threads: number): GatewayMemory {
  const tables = Object.entries(DEFAULT_RATE_POLICIES).map(([rateClass, { user }]) => [
    rateClass,
    {
      address: createSharedTable(RATE_PLACES),
      user: user === null ? null : createSharedTable(RATE_PLACES),
    },
  ]);
  return {
    threads,
    rates: Object.fromEntries(tables) as RateTables,
    streams: createSharedTable(STREAM_PLACES),
    slots: createSharedTable(SLOT_PLACES),
    results: createSharedTable(SLOT_PLACES),
    window: createWindowMemory((bytes) => new SharedArrayBuffer(bytes)),
  };
}
