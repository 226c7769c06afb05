// The operator log port: every action of an operator, kept for good (X3).

import type { Page, PageRequest } from './page.ts';

export interface OperatorAction {
  /** Rises with time, unique. Given by the store. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
  /** The user id in the operator's token. */
  readonly operatorId: string;
  /** Such as `move` or `drain`. */
  readonly action: string;
  /** What was asked, as plain values. */
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
  /** One sentence: what came of it. */
  readonly result: string;
}

export interface OperatorLog {
  /** Durable when it resolves. Errors: `store-unavailable`. */
  append(action: Omit<OperatorAction, 'id'>): Promise<OperatorAction>;
  /** Newest first. Errors: `invalid-cursor`, `store-unavailable`. */
  list(page: PageRequest): Promise<Page<OperatorAction>>;
}
