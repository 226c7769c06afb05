// A server of a comparison that sells a drop over HTTP: LiveDrops or an alternative. Each accepts
// the same request (an access token signed with HS256, an idempotency key, one unit) and makes the
// order durable with an fsync before the answer. The answer is 201 with the order, 409 when sold
// out, and the first order for a repeated key.

import type { RequestPlan } from '../load/request-plan.ts';
import type { MeasuredServer } from '../measure.ts';
import type { Role } from '../scenario.ts';

/**
 * The bytes of an order in LiveDrops' journal: 52 at 64 connections, where some 30 orders share an
 * entry, and 51 at 512 (bytes of the entries in the SQLite file, divided by the orders of a run).
 */
export const JOURNAL_BYTES_PER_ORDER = 52;

/** Where the gateway of the cluster floor sends orders to its owner. */
export const ORDERS_SUBJECT = 'orders';

export interface OrderServer extends MeasuredServer {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  readonly about: string;
  /** Starts on the server's core. Rejects with a message if something that it needs is missing. */
  start(): Promise<void>;
  /** Creates a live drop; returns the plan to order one unit of it. */
  drop(stock: number): Promise<RequestPlan>;
  stop(): Promise<void>;
}
