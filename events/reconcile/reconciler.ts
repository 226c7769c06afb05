// One kind of what is compared with its truth, some at a time (L3).

import type { ReconcileKind } from '../../contracts/reconcile.ts';
import type { Pause } from '../../storage/formats/steps.ts';
import type { Reconciled } from '../../storage/ports/reconciled.ts';

export interface ReconcileRun {
  /** Where the last step ended; null: from the beginning. */
  readonly cursor: string | null;
  /** Awaited between two pieces of some milliseconds. Errors: the signal's reason. */
  readonly pause: Pause;
  readonly signal: AbortSignal;
}

export interface Reconciler {
  readonly kind: ReconcileKind;
  /**
   * The next step; it may be repeated. Null: what would be compared lags behind its truth, as it
   * does for a moment in a sale. Errors: `store-unavailable`; the signal's reason.
   */
  step(run: ReconcileRun): Promise<Reconciled | null>;
}
