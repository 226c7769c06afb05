// The part of the writer of catalogue.db that changes deliveries of outgoing webhooks. Their table
// is in webhooks-statements.ts.

import type { Database } from 'better-sqlite3';
import type { FinishedBounds } from '../../ports/webhooks.ts';

export interface DeliveryRow {
  readonly number: number;
  readonly state: string;
  readonly finishedAt: number | null;
  readonly revision: number;
  /** JSON. */
  readonly delivery: string;
}

export function deliveryHandlers(database: Database) {
  const replace = database.prepare<[DeliveryRow & { id: string }]>(`
    update webhook_deliveries
    set state = @state, finished_at = @finishedAt, revision = @revision, delivery = @delivery
    where endpoint_id = @id and number = @number and revision = @revision - 1`);
  const removeOld = database.prepare<[string, number]>(
    'delete from webhook_deliveries where endpoint_id = ? and finished_at < ?',
  );
  const removeBeyond = database.prepare<[{ id: string; max: number }]>(`
    delete from webhook_deliveries where endpoint_id = @id and number in (
      select number from webhook_deliveries where endpoint_id = @id and finished_at is not null
      order by finished_at desc, number desc limit -1 offset @max)`);

  return {
    settleWebhook(
      id: string,
      rows: readonly DeliveryRow[],
      { keptMax, before }: FinishedBounds,
    ): readonly boolean[] {
      const replaced = rows.map((row) => replace.run({ ...row, id }).changes > 0);
      removeOld.run(id, before);
      removeBeyond.run({ id, max: keptMax });
      return replaced;
    },
  };
}
