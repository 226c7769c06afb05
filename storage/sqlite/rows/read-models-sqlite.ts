// Fills the order lists and the feed on SQLite: one row for an order and its notification.

import type { Notification } from '../../../contracts/notifications.ts';
import {
  type Missing,
  type OrderChanges,
  orderNotification,
  type ReadModels,
  type RestoreOptions,
} from '../../ports/read-models.ts';
import { packOrder, packNotifiedOrder } from './order-rows.ts';
import { restoreSqlite, type SqliteRestoreOptions } from './restore-sqlite.ts';
import { NOTIFICATIONS, ORDERS } from './row-log.ts';
import { RowPacker } from './row-pack.ts';
import type { UserRows } from './user-rows.ts';

const LISTS = [ORDERS, NOTIFICATIONS] as const;

export class SqliteReadModels implements ReadModels {
  readonly #store: SqliteRestoreOptions;
  readonly #rows: UserRows;
  readonly #packer = new RowPacker();

  constructor(options: SqliteRestoreOptions) {
    this.#store = options;
    this.#rows = options.rows;
  }

  /** The returned position survives a power failure, so the journal may be trimmed up to it. */
  position(shard: number): Promise<number> {
    return this.#rows.syncedPosition(LISTS, shard);
  }

  store(
    batches: readonly OrderChanges[],
    hasListener: (userId: string) => boolean,
  ): Promise<Notification[]> {
    return this.#rows.inTurn(async () => {
      const fresh = this.#rows.fresh(LISTS, batches);
      const idBefore = this.#rows.notificationIdMax();
      await this.#rows.append(LISTS, this.#pack(fresh, idBefore), fresh);
      return notificationsFor(hasListener, fresh, idBefore);
    });
  }

  restore(options: RestoreOptions): Promise<Missing[]> {
    return restoreSqlite(this.#store, options);
  }

  /** Resolves when no rows are being settled. */
  settled(): Promise<void> {
    return this.#rows.settled();
  }

  /** Resolves when no rows are being settled or merged. */
  merged(): Promise<void> {
    return this.#rows.merged();
  }

  #pack(batches: readonly OrderChanges[], idBefore: number): Buffer {
    const packer = this.#packer;
    packer.begin();
    let id = idBefore;
    for (const { time, rows } of batches) {
      for (const { order, notificationType, refundRequested } of rows) {
        if (notificationType === null) packOrder(packer, order);
        else packNotifiedOrder(packer, order, ++id, notificationType, refundRequested, time);
      }
    }
    return packer.take();
  }
}

/** Built only for users with a listener: most have none. */
function notificationsFor(
  hasListener: (userId: string) => boolean,
  batches: readonly OrderChanges[],
  idBefore: number,
): Notification[] {
  const notifications: Notification[] = [];
  let id = idBefore;
  for (const { time, rows } of batches) {
    for (const { order, notificationType, refundRequested } of rows) {
      if (notificationType === null) continue;
      id += 1;
      if (!hasListener(order.userId)) continue;
      const notification = orderNotification(notificationType, order, refundRequested, time);
      notifications.push({ ...notification, id: String(id), readAt: null });
    }
  }
  return notifications;
}
