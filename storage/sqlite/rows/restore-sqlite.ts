// Repairs order lists and feeds on SQLite from the journal, while they are in use (decision 025).
// One scan of all rows, in a thread of its own, gives a digest of them. Each journal is compared
// with the digest, and missing rows are appended in portions, so that other writes run in between.
//
// Ids of notifications count up over all users without gaps, and read marks name ids. So the ids
// that no row has are the lost ids. Missing notifications get these ids again, in the order of
// their times, and the marks are right again. This is exact if all missing notifications are known
// at once and were published one after the other. Otherwise a notification may get the id of a
// neighbour.

import type { OrderView } from '../../../contracts/orders.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import {
  expectedByUser,
  missingOf,
  type PresentRows,
  ROWS_AT_ONCE,
  type ExpectedNotification,
  notificationName,
  turnOfOthers,
} from '../../rows/missing-rows.ts';
import type { Missing, RestoreOptions } from '../../ports/read-models.ts';
import { packOrder, packNotifiedOrder } from './order-rows.ts';
import {
  nameHash,
  type ProjectionsReaderHandlers,
  type RowContents,
} from './projections-reader-program.ts';
import { RowPacker } from './row-pack.ts';
import type { SqliteThread } from '../thread/thread.ts';
import type { ProjectionsDatabase, UserRows } from './user-rows.ts';

/** Rows appended in one turn: the relay waits a few milliseconds for it. */
const PORTION_ROWS = 1024;
/** Users compared without a pause. */
const USERS_AT_ONCE = 256;
/** How often all rows are scanned again because rows were settled meanwhile. */
const SCANS_MAX = 5;

export interface SqliteRestoreOptions extends ProjectionsDatabase {
  readonly rows: UserRows;
  readonly scanner: SqliteThread<ProjectionsReaderHandlers>;
}

/** A missing row: an order, and its notification if that is missing. */
interface LostRow {
  readonly order: OrderView;
  readonly notification: ExpectedNotification | null;
}

/** As `ReadModels.restore`. */
export async function restoreSqlite(
  store: SqliteRestoreOptions,
  { journals, changesOf, write }: RestoreOptions,
): Promise<Missing[]> {
  // Read first: all ids up to it are assigned.
  const idMax = store.rows.notificationIdMax();
  const contents = await scan(store);
  const present = await presentRows(contents);
  const missing: Missing[] = [];
  const lost: LostRow[] = [];
  for (const journal of journals) {
    const changes = await changesOf(journal);
    if (changes === null) continue;
    let [orders, notifications, users] = [0, 0, 0];
    for (const expected of (await expectedByUser(changes)).values()) {
      const ofUser = missingOf(expected, present);
      orders += ofUser.orders.length;
      notifications += ofUser.notifications.length;
      // A row with a notification also lists its order.
      const notifiedOrders = new Set(ofUser.notifications.map(({ order }) => order.id));
      for (const notification of ofUser.notifications)
        lost.push({ order: notification.order, notification });
      for (const order of ofUser.orders)
        if (!notifiedOrders.has(order.id)) lost.push({ order, notification: null });
      if (++users % USERS_AT_ONCE === 0) await turnOfOthers();
    }
    missing.push({ shard: journal.shard, orders, notifications });
  }
  if (!write || lost.length === 0) return missing;
  const needed = lost.filter(({ notification }) => notification !== null).length;
  await restoreLost(store, new FreeIds(contents, idMax, needed), lost);
  return missing;
}

/** Errors: `store-unavailable`. */
async function scan({ scanner, rows }: SqliteRestoreOptions): Promise<RowContents> {
  for (let scans = 0; scans < SCANS_MAX; scans++) {
    const contents = await scanner.submit('contents', rows.unsettled());
    if (contents !== null) return contents;
  }
  throw new StoreUnavailableError('rows were settled faster than they could be read');
}

async function presentRows({ orders, versions, names }: RowContents): Promise<PresentRows> {
  const versionOf = new Map<number, number>();
  for (let i = 0; i < orders.length; i++) {
    versionOf.set(orders[i]!, versions[i]!);
    if (i % ROWS_AT_ONCE === 0) await turnOfOthers();
  }
  const nameHashes = new Set<number>();
  for (let i = 0; i < names.length; i++) {
    nameHashes.add(names[i]!);
    if (i % ROWS_AT_ONCE === 0) await turnOfOthers();
  }
  return {
    versionOf: ({ id }) => versionOf.get(nameHash(id)) ?? 0,
    hasNotification: (one) => nameHashes.has(nameHash(notificationName(one))),
  };
}

/** Appends in the order of the ids, so that a crash leaves the newest rows missing. */
async function restoreLost(
  { rows, writer }: SqliteRestoreOptions,
  free: FreeIds,
  lost: readonly LostRow[],
): Promise<void> {
  const sorted = lost.toSorted((a, b) => (a.notification?.at ?? 0) - (b.notification?.at ?? 0));
  const packer = new RowPacker();
  for (let i = 0; i < sorted.length; i += PORTION_ROWS) {
    const portion = sorted.slice(i, i + PORTION_ROWS);
    const users = new Set(portion.map(({ order }) => order.userId));
    await writer.submit('markRestored', [...users]);
    await rows.inTurn(async () => {
      // A notification without a lost id was lost at the end: it follows the newest rows.
      let idMax = rows.notificationIdMax();
      packer.begin();
      for (const { order, notification } of portion) {
        if (notification === null) packOrder(packer, order);
        else {
          const { type, refundRequested, at } = notification;
          const id = free.take(at) ?? ++idMax;
          packNotifiedOrder(packer, order, id, type, refundRequested, at);
        }
      }
      await rows.restore(packer.take());
    });
  }
}

/** The lost ids, assigned from the lowest up. */
class FreeIds {
  /** Rising. */
  readonly #free: number[] = [];
  readonly #ids: Float64Array;
  readonly #times: Float64Array;
  #next = 0;
  /** How many ids may be skipped. */
  #spare: number;

  constructor({ ids, times }: RowContents, idMax: number, needed: number) {
    this.#ids = ids;
    this.#times = times;
    let before = 0;
    for (const id of ids) {
      for (let free = before + 1; free < id; free++) this.#free.push(free);
      before = id;
    }
    for (let free = before + 1; free <= idMax; free++) this.#free.push(free);
    this.#spare = this.#free.length - needed;
  }

  /**
   * The next free id. If there are more free ids than needed, the one nearest to the rows of that
   * time. Undefined without a free id. Call it with rising times.
   */
  take(at: number): number | undefined {
    const near = this.#idAt(at);
    const distance = (index: number) => Math.abs(this.#free[index]! - near);
    while (this.#spare > 0 && distance(this.#next + 1) < distance(this.#next)) {
      this.#next += 1;
      this.#spare -= 1;
    }
    return this.#free[this.#next++];
  }

  /** The highest id of the rows up to that time; 0 for none. */
  #idAt(at: number): number {
    let [first, last] = [0, this.#times.length];
    while (first < last) {
      const middle = (first + last) >>> 1;
      if (this.#times[middle]! <= at) first = middle + 1;
      else last = middle;
    }
    return first === 0 ? 0 : this.#ids[first - 1]!;
  }
}
