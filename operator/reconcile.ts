// `livedrops reconcile`: how far the comparison of each kind with its truth is, and a pass now.

import { RECONCILE_KINDS, reconcileJobId, type ReconcileKind } from '../contracts/reconcile.ts';
import type { Job } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { table } from './table.ts';

export interface ReconcileOptions extends ConnectOptions {
  readonly kind?: ReconcileKind;
  readonly now?: true;
  readonly json?: true;
}

export async function reconcile(options: ReconcileOptions): Promise<void> {
  const api = await connectOperator(options);
  const kinds = options.kind === undefined ? RECONCILE_KINDS : [options.kind];
  const jobs: Job[] = [];
  for (const kind of kinds) {
    const id = reconcileJobId(kind);
    jobs.push(
      options.now === true ? (await api.changeJob(id, 'retry', false)).job : await api.job(id),
    );
  }
  process.stdout.write(
    options.json === true ? `${JSON.stringify(jobs, null, 2)}\n` : reconcileText(jobs),
  );
}

export function reconcileText(jobs: readonly Job[]): string {
  return table(
    ['kind', 'state', 'pass', 'compared', 'mended', 'since', 'reason'],
    jobs.map(({ subject, state, progress, updatedAt, reason }) => [
      subject,
      state,
      passText(progress),
      String(progress.done),
      String(progress.mended ?? 0),
      updatedAt,
      reason ?? '-',
    ]),
    ['compared', 'mended'],
  );
}

/** Of a new store no pass has begun. */
function passText({ left, mended }: Job['progress']): string {
  if (mended === undefined) return 'none yet';
  return left === 0 ? 'ended' : 'under way';
}
