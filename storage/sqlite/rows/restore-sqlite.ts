// Repairs order lists and feeds on SQLite from the journals, while they are in use (decision 025).
// The rows of some users at a time are scanned in a thread of its own and compared with what the
// journals say of them. Missing rows wait in a spill store, in the order of their times. When all
// are known, they are appended in portions, so that other writes run in between.
//
// Ids of notifications count up over all users without gaps, and read marks name ids. So the ids
// that no row has are the lost ids. Missing notifications get these ids again, in the order of
// their times, and the marks are right again. This is exact if all missing notifications are known
// at once and were published one after the other. Otherwise a notification may get the id of a
// neighbour.

import { Packr } from 'msgpackr';
import type { OrderView } from '../../../contracts/orders.ts';
import type { Pause } from '../../formats/steps.ts';
import { StoreUnavailableError } from '../../ports/journal.ts';
import {
  expectedByUser,
  MissingCounts,
  missingOf,
  type PresentRows,
  ROWS_AT_ONCE,
  type ExpectedNotification,
  notificationName,
  tellsOfNewest,
} from '../../rows/missing-rows.ts';
import {
  type Missing,
  orderNotification,
  type RestoreOptions,
  USER_BUCKETS,
  type UsersChanges,
} from '../../ports/read-models.ts';
import type { OpenSpill, SpillStore } from '../../ports/spill.ts';
import { AssignedIds, FreeIds } from './lost-ids.ts';
import { packNotification, packNotifiedOrder, packOrder } from './order-rows.ts';
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
/** Rows scanned at once, where users have about the same number: 13 MiB. */
const SCANNED_ROWS_MAX = 1 << 17;
/** Digits of the largest safe integer. */
const SAFE_DIGITS = 16;
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
  { journals, openSpill, write, pause, signal, compared }: RestoreOptions,
): Promise<Missing[]> {
  // Read first: all ids up to it are assigned.
  const idMax = store.rows.notificationIdMax();
  const counts = new MissingCounts(journals.journals);
  const ids = new AssignedIds(idMax);
  const lost = new LostRows(openSpill);
  try {
    for await (const portion of journals.users(bucketsOfScan(idMax))) {
      signal.throwIfAborted();
      const contents = await scan(store, portion);
      if (write) ids.add(contents);
      const present = await presentRows(contents, pause);
      await compare({ portion, present, counts, lost: write ? lost : null, pause });
      compared?.(portion.end / USER_BUCKETS);
    }
    await restoreLost(store, new FreeIds(ids, lost.notifications), lost, signal);
  } finally {
    lost.close();
  }
  return counts.all();
}

/** Buckets that are scanned at once. */
function bucketsOfScan(rows: number): number {
  return Math.max(1, Math.floor((USER_BUCKETS * SCANNED_ROWS_MAX) / Math.max(rows, 1)));
}

interface Comparison {
  readonly portion: UsersChanges;
  readonly present: PresentRows;
  readonly counts: MissingCounts;
  /** Null: missing rows are only counted. */
  readonly lost: LostRows | null;
  readonly pause: Pause;
}

/** Counts the missing rows, and adds them to `lost`. */
async function compare({ portion, present, counts, lost, pause }: Comparison): Promise<void> {
  let users = 0;
  for (const expected of (await expectedByUser(portion.changes, pause)).values()) {
    const { orders, notifications } = missingOf(expected, present);
    for (const { shard } of orders) counts.add('orders', shard);
    for (const { shard } of notifications) counts.add('notifications', shard);
    // A row with a notification also lists its order, but not one that is told as it stood earlier.
    const notified = new Set(notifications.filter(tellsOfNewest).map(({ order }) => order.id));
    for (const notification of notifications) lost?.add(notification);
    for (const { order } of orders) if (!notified.has(order.id)) lost?.addOrder(order);
    if (++users % USERS_AT_ONCE === 0) await pause();
  }
}

/** Errors: `store-unavailable`. */
async function scan(
  { scanner, rows }: SqliteRestoreOptions,
  { first, end }: UsersChanges,
): Promise<RowContents> {
  for (let scans = 0; scans < SCANS_MAX; scans++) {
    const contents = await scanner.submit('contents', rows.unsettled(), first, end);
    if (contents !== null) return contents;
  }
  throw new StoreUnavailableError('rows were settled faster than they could be read');
}

async function presentRows(
  { orders, versions, names }: RowContents,
  pause: Pause,
): Promise<PresentRows> {
  const versionOf = new Map<number, number>();
  for (let i = 0; i < orders.length; i++) {
    versionOf.set(orders[i]!, versions[i]!);
    if (i % ROWS_AT_ONCE === 0) await pause();
  }
  const nameHashes = new Set<number>();
  for (let i = 0; i < names.length; i++) {
    nameHashes.add(names[i]!);
    if (i % ROWS_AT_ONCE === 0) await pause();
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
  lost: LostRows,
  signal: AbortSignal,
): Promise<void> {
  const packer = new RowPacker();
  for (const portion of lost.portions()) {
    signal.throwIfAborted();
    const users = new Set(portion.map(({ order }) => order.userId));
    await writer.submit('markRestored', [...users]);
    await rows.inTurn(async () => {
      // A notification without a lost id was lost at the end: it follows the newest rows.
      let idMax = rows.notificationIdMax();
      packer.begin();
      for (const { order, notification } of portion) {
        if (notification === null) packOrder(packer, order);
        else {
          const { told, type, refundRequested, at } = notification;
          const id = free.take(at) ?? ++idMax;
          if (tellsOfNewest(notification))
            packNotifiedOrder(packer, order, id, type, refundRequested, at);
          else packNotification(packer, id, orderNotification(type, told, refundRequested, at));
        }
      }
      await rows.restore(packer.take());
    });
  }
}

/** Missing rows in a spill store, which is opened for the first of them. */
class LostRows {
  readonly #openSpill: OpenSpill;
  readonly #packr = new Packr({ structures: [] });
  #spill: SpillStore | null = null;
  #orders = 0;
  #notifications = 0;

  constructor(openSpill: OpenSpill) {
    this.#openSpill = openSpill;
  }

  get notifications(): number {
    return this.#notifications;
  }

  add(notification: ExpectedNotification): void {
    const { at, shard, sequence, index, order } = notification;
    const key = [at, shard, sequence, index].map(sortable).join('/');
    this.#write(key, { order, notification });
    this.#notifications += 1;
  }

  addOrder(order: OrderView): void {
    this.#write(`${sortable(0)}/${this.#orders}`, { order, notification: null });
    this.#orders += 1;
  }

  /** The orders first, then the notifications as they were published. */
  *portions(): Generator<LostRow[], void, undefined> {
    const spill = this.#spill;
    if (spill === null) return;
    for (let keys = spill.keys('', '', PORTION_ROWS); keys.length > 0; ) {
      yield keys.map((key) => this.#packr.unpack(spill.read(key)!) as LostRow);
      keys = spill.keys('', keys.at(-1)!, PORTION_ROWS);
    }
  }

  close(): void {
    this.#spill?.close();
  }

  #write(key: string, row: LostRow): void {
    this.#spill ??= this.#openSpill();
    this.#spill.write(key, this.#packr.pack(row));
  }
}

/** Sorts as text as it does as a number: one from 0 up. */
function sortable(number: number): string {
  return String(number).padStart(SAFE_DIGITS, '0');
}
