// What operators do with refunds that the payment provider did not make (P6): see them, have one
// attempted again, or dismiss one that was settled without the provider. A
// request with a key has its answer kept in the step of its change (H11).

import type { Page, PageRequest } from '../../contracts/paging.ts';
import { REFUND_ID } from '../../contracts/patterns.ts';
import type { ParkedRefund, RefundChange, RefundState } from '../../contracts/refunds.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { dismissed, retryRequested } from '../../events/payments/parked-refund.ts';
import type { ParkedRefunds } from '../../storage/ports/parked-refunds.ts';
import { findAnswer, keepAnswer, replaceOnce } from '../repeated-requests.ts';
import {
  ActionRecord,
  type ActionRecordOptions,
  type ChangedBy,
  type ChangeRequest,
} from './action-record.ts';

export interface OperatorRefundsOptions extends ActionRecordOptions {
  readonly parkedRefunds: ParkedRefunds;
}

/** How often a change is made anew where the refund changed at the same moment. */
const TRIES_MAX = 5;
const refundForm = new RegExp(REFUND_ID);

interface ChangeRules {
  /** Null: there is nothing to change. */
  readonly next: (refund: ParkedRefund) => ParkedRefund | null;
  /** One sentence for the log. */
  readonly result: string;
}

export class OperatorRefunds {
  readonly #options: OperatorRefundsOptions;
  readonly #record: ActionRecord;

  constructor(options: OperatorRefundsOptions) {
    this.#options = options;
    this.#record = new ActionRecord(options);
  }

  list(state: RefundState | null, page: PageRequest): Promise<Page<ParkedRefund>> {
    return this.#options.parkedRefunds.list(state, page);
  }

  /** The attempt itself is made by a node with actors, within a second or two. */
  async retry(by: ChangedBy, refundId: string, dryRun: boolean): Promise<Outcome<RefundChange>> {
    const request = { ...by, action: 'retry-refund', params: { refundId } };
    return await this.#change(request, refundId, dryRun, {
      next: (refund) => retryRequested(refund, this.#options.now()),
      result: 'To be attempted again.',
    });
  }

  async dismiss(
    by: ChangedBy,
    refundId: string,
    reason: string,
    dryRun: boolean,
  ): Promise<Outcome<RefundChange>> {
    const request = { ...by, action: 'dismiss-refund', params: { refundId, reason } };
    return await this.#change(request, refundId, dryRun, {
      next: (refund) => dismissed(refund, reason),
      result: 'Dismissed: the provider is not asked again.',
    });
  }

  async #change(
    request: ChangeRequest,
    refundId: string,
    dryRun: boolean,
    { next, result }: ChangeRules,
  ): Promise<Outcome<RefundChange>> {
    const { parkedRefunds } = this.#options;
    if (!refundForm.test(refundId)) return refusal('not-found');
    const before = await findAnswer<RefundChange>(parkedRefunds.requests, request.keyed);
    if (before !== null) return before;
    // A dry run changes nothing, so nothing is kept of it.
    const keyed = dryRun ? undefined : request.keyed;
    let recorded = dryRun;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const refund = await parkedRefunds.find(refundId);
      if (refund === null) {
        const refused = refusal('not-found', `There is no refund ${refundId}.`);
        return dryRun ? refused : await this.#record.refuse(request, refused);
      }
      const changed = next(refund);
      if (changed !== null && dryRun) return success({ applied: false, refund: changed });
      if (!recorded) await this.#record.record(request, changed === null ? UNCHANGED : result);
      recorded = true;
      const answer = { applied: !dryRun, refund: changed ?? refund };
      if (changed === null) return await keepAnswer(parkedRefunds.requests, keyed, answer);
      const replaced = await this.#record.recordFault(request, () =>
        replaceOnce(parkedRefunds, keyed, changed, answer),
      );
      if (replaced?.ok === false) return await this.#record.refuse(request, replaced);
      if (replaced !== null) return replaced;
    }
    return await this.#record.refuse(request, refusal('unavailable', 'The refund is changing.'));
  }
}

const UNCHANGED = 'Nothing to do: it is so already, or the refund is made.';
