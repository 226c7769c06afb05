// What sells a drop over HTTP in a comparison: LiveDrops, or what people would build instead. Each
// takes the same request (an access token signed with HS256, an idempotency key, one unit), makes
// the order durable with an fsync before it answers, and answers 201 with the order, 409 once the
// stock is gone, and a repeated key with the first order.

import type { RequestPlan } from '../load/request-plan.ts';
import type { MeasuredServer } from '../measure.ts';
import type { Role } from '../scenario.ts';

/**
 * What an order takes in LiveDrops' journal: 52 at 64 connections, where some 30 share an entry,
 * and 51 at 512 (the entries' bytes in its SQLite file, divided by the orders of a run).
 */
export const JOURNAL_BYTES_PER_ORDER = 52;

export interface OrderServer extends MeasuredServer {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  /**
   * All its processes on the server's core. Rejects where something it needs is missing, and says
   * what.
   */
  start(): Promise<void>;
  /** A new drop on sale, and how to order one unit of it. */
  drop(stock: number): Promise<RequestPlan>;
  stop(): Promise<void>;
}
