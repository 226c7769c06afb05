// The operator log port: every action of an operator, without expiry (X3).

import type { OperatorAction } from '../../contracts/operator.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';

export interface OperatorLog {
  /** Durable when it resolves. Errors: `store-unavailable`. */
  append(action: Omit<OperatorAction, 'id'>): Promise<OperatorAction>;
  /** Newest first. Errors: `invalid-cursor`, `store-unavailable`. */
  list(page: PageRequest): Promise<Page<OperatorAction>>;
}
