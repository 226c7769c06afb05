// What buyers may expect (L5): of every 1,000 requests 999 without an answer 5xx, and 95 of 100
// reads and orders within their time.

/**
 * All requests to the API but reads and orders are `others`; health, metrics and pages are none.
 */
export const SERVICE_KINDS = ['orders', 'reads', 'others'] as const;
export type ServiceKind = (typeof SERVICE_KINDS)[number];

/** The kinds that have a time, in milliseconds. An answer within it is in time. */
export const SLOW_AFTER_MS = { orders: 500, reads: 200 } as const satisfies Partial<
  Record<ServiceKind, number>
>;

/** Shares of requests that may fail, or be too late, over 30 days. */
export const SERVICE_BUDGETS = { failures: 0.001, slowOrders: 0.05, slowReads: 0.05 } as const;
