// All orders of a drop as a file, for its creator and operators (O9a): as of one version, while the
// drop goes on. The file is made apart from whatever sells (`OpenExport`). This file says who may.

import type { Requester } from '../contracts/accounts.ts';
import type { ExportFormat } from '../contracts/orders.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import { isOperator } from './caller.ts';
import { creatorOfDrop, type DropCreatorsOptions, mayAct } from './permissions.ts';

/** How far the chunks of an export are, as of which version. */
export interface ExportPosition {
  readonly version: number;
  /** Orders in the chunks so far. */
  readonly orders: number;
}

export interface OrderExport {
  /** The drop's version that the orders show. */
  readonly version: number;
  /** How many there are. */
  readonly orders: number;
  /** The next chunk is made when it is asked for. Errors: `store-unavailable`, `corrupt`. */
  readonly chunks: AsyncIterable<string>;
  /** Where the chunk ended that was taken last; at first where the export goes on. */
  readonly at: () => number;
  /** To be called at the end, in any case. */
  readonly close: () => void;
}

/**
 * Null where there is no such drop. Goes on `after` a position where the drop still has its
 * version, else it begins at the first order, with the head. Errors: `store-unavailable`,
 * `corrupt`.
 */
export type OpenExport = (
  dropId: string,
  format: ExportFormat,
  after?: ExportPosition | null,
) => Promise<OrderExport | null>;

export interface OrderExportsOptions extends DropCreatorsOptions {
  readonly open: OpenExport;
}

export interface ExportRequest {
  readonly caller: Requester;
  readonly dropId: string;
  readonly format: ExportFormat;
}

export class OrderExports {
  readonly #options: OrderExportsOptions;

  constructor(options: OrderExportsOptions) {
    this.#options = options;
  }

  /** Errors: `store-unavailable`, `corrupt`. */
  async open({ caller, dropId, format }: ExportRequest): Promise<Outcome<OrderExport>> {
    const creator = await creatorOfDrop(this.#options, dropId);
    if (!creator.ok) return creator;
    if (!mayAct(caller, creator.value, 'orders.export') && !isOperator(caller))
      return refusal('forbidden');
    const opened = await this.#options.open(dropId, format);
    return opened === null ? refusal('not-found') : success(opened);
  }
}
