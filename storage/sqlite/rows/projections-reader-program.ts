// Reads all of projections.db for reconciliation, in a thread of its own, at one moment of the
// file.

import { fnv1a } from '../../../domain/ids.ts';
import { addToTotals, type DropTotals, emptyTotalsOf, unitsOf } from '../../rows/drop-totals.ts';
import { storedNotificationName } from '../../rows/missing-rows.ts';
import { openReaderDatabase } from '../thread/database.ts';
import { NewestOrders, unpackNotification, unpackOrder } from './order-rows.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';
import { RecentRows } from './recent-rows.ts';
import { readRowLog } from './row-log.ts';
import {
  CREATED_AT,
  NO_KEY,
  NOTIFICATION_ID,
  rowBytes,
  rowIdHash,
  rowKey,
  rowLength,
  type RowPlace,
  rowUserHash,
} from './row-pack.ts';
import { BUCKET_RANKS, BUCKETS, firstMergedRunId, firstRunId } from './run-ids.ts';
import { type GenerationRow, SETTLED_GENERATIONS } from './settled-generation.ts';

const BUCKETS_AT_ONCE = 64;
const SECOND_SEED = 0x9747b28c;
const SECOND_HASHES = 2 ** 21;

/** A digest of the rows of some users: 40 bytes for each notification and its order. */
export interface RowContents {
  /** The hash of each order's id, and its newest version. */
  readonly orders: Float64Array<ArrayBuffer>;
  readonly versions: Float64Array<ArrayBuffer>;
  /** The hash of each notification's name. */
  readonly names: Float64Array<ArrayBuffer>;
  /** The id of each notification, and its time. */
  readonly ids: Float64Array<ArrayBuffer>;
  readonly times: Float64Array<ArrayBuffer>;
}

/**
 * A hash with as many bits as a number has: among ten million rows a missing row is confused with
 * another one with a probability of one in a billion.
 */
export function nameHash(name: string): number {
  return fnv1a(name) * SECOND_HASHES + (fnv1a(name, SECOND_SEED) % SECOND_HASHES);
}

export type ProjectionsReaderHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const database = openReaderDatabase(options.file);
  const generations = database.prepare<[], GenerationRow>(SETTLED_GENERATIONS);
  const runs = database
    .prepare<[number, number], Buffer>(
      'select bytes from rows_settled where id >= ? and id < ? order by id desc',
    )
    .pluck();
  const mergedRuns = database
    .prepare<[number, number], Buffer>(
      'select bytes from rows_merged where id >= ? and id < ? order by id desc',
    )
    .pluck();

  /** The rows of generations that are not settled; null if one of their logs was removed. */
  const readRecent = (
    unsettled: readonly number[],
    settled: readonly GenerationRow[],
  ): RecentRows | null => {
    const recent = new RecentRows({ generation: 0 });
    for (const generation of unsettled) {
      if (settled.some(({ first, last }) => generation >= first && generation <= last)) continue;
      const records = readRowLog(options.file, generation);
      if (records === null) return null;
      for (const { pack } of records) recent.add(pack);
    }
    return recent;
  };

  /**
   * Passes on all rows of the buckets from `first` up to `end`, a few buckets at a time, group
   * after group, the last added first in each pack or run. All versions of an order are in one
   * group, and memory stays small. `unsettled` names the generations that had a log before the
   * call. False if one of them was settled meanwhile, so that this moment of the file does not have
   * it.
   */
  const eachGroup = (
    unsettled: readonly number[],
    first: number,
    end: number,
    take: (groups: Iterable<readonly RowPlace[]>) => void,
  ): boolean => {
    const settled = generations.all();
    const recent = readRecent(unsettled, settled);
    if (recent === null) return false;
    for (let from = first; from < end; from += BUCKETS_AT_ONCE) {
      take(rowsOfGroup(recent, settled, from, Math.min(from + BUCKETS_AT_ONCE, end)));
    }
    return true;
  };

  function* rowsOfGroup(
    recent: RecentRows,
    settled: readonly GenerationRow[],
    from: number,
    to: number,
  ): Generator<readonly RowPlace[], void, undefined> {
    for (let bucket = from; bucket < to; bucket++) {
      yield recent
        .rowsOfBucket(bucket)
        .map((row) => recent.place(row, CREATED_AT))
        .reverse();
    }
    for (const { last, merge } of settled.toReversed()) {
      const found =
        merge === null
          ? runs.iterate(firstRunId(last, from), firstRunId(last, to))
          : mergedRuns.iterate(
              firstMergedRunId(merge, from * BUCKET_RANKS),
              firstMergedRunId(merge, to * BUCKET_RANKS),
            );
      for (const run of found) yield placesOf(run).reverse();
    }
  }

  const transfers: ArrayBuffer[] = [];

  return {
    database,
    begin: 'begin',
    transfers,
    // An operator's run may read all rows.
    hasLowPriority: true,
    handlers: {
      /** Null: call again (`eachGroup` returned false). */
      totalsOfDrops(
        dropIds: readonly string[],
        unsettled: readonly number[],
      ): Map<string, DropTotals> | null {
        const all = emptyTotalsOf(dropIds);
        // Of one drop, most rows can be left out by a cheap check that may be wrong.
        const onlyDrop = dropIds.length === 1 ? Buffer.from(dropIds[0]!) : null;
        const mayBeOfDrops = ({ bytes, offset, key }: RowPlace) =>
          key !== NO_KEY && (onlyDrop === null || rowBytes(bytes, offset).includes(onlyDrop));
        const isWhole = eachGroup(unsettled, 0, BUCKETS, (groups) => {
          const newest = new NewestOrders();
          for (const places of groups) {
            for (const place of places) if (mayBeOfDrops(place)) newest.add(place);
          }
          for (const order of newest.all()) {
            const totals = all.get(order.dropId);
            if (totals !== undefined) addToTotals(totals, order.status, unitsOf(order));
          }
        });
        return isWhole ? all : null;
      },

      /**
       * The digest of the users in the buckets from `first` up to `end`. Null: call again
       * (`eachGroup` returned false).
       */
      contents(unsettled: readonly number[], first: number, end: number): RowContents | null {
        const orders: number[] = [];
        const versions: number[] = [];
        const names: number[] = [];
        const ids: number[] = [];
        const times: number[] = [];
        const isWhole = eachGroup(unsettled, first, end, (groups) => {
          const newest = new Map<string, number>();
          for (const places of groups) {
            for (const place of places) {
              if (place.key !== NO_KEY) {
                const order = unpackOrder(place);
                if (!isFound(place, order.userId, order.id)) continue;
                newest.set(order.id, Math.max(order.version, newest.get(order.id) ?? 0));
              }
              const id = rowKey(place.bytes, place.offset, NOTIFICATION_ID);
              if (id === NO_KEY) continue;
              const notification = unpackNotification(place);
              if (!isFound(place, notification.userId, null)) continue;
              names.push(nameHash(storedNotificationName(notification)));
              ids.push(id);
              times.push(notification.createdAt);
            }
          }
          for (const [id, version] of newest) {
            orders.push(nameHash(id));
            versions.push(version);
          }
        });
        if (!isWhole) return null;
        const contents = {
          orders: Float64Array.from(orders),
          versions: Float64Array.from(versions),
          names: Float64Array.from(names),
          ids: Float64Array.from(ids),
          times: Float64Array.from(times),
        };
        transfers.push(...Object.values(contents).map(({ buffer }) => buffer));
        return contents;
      },
    },
  } satisfies Program;
}

/** Whether the row's hashes match its user and, for a row of an order, the order's id. */
function isFound({ bytes, offset }: RowPlace, userId: string, orderId: string | null): boolean {
  if (rowUserHash(bytes, offset) !== fnv1a(userId)) return false;
  return orderId === null || rowIdHash(bytes, offset) === fnv1a(orderId);
}

function placesOf(bytes: Buffer): RowPlace[] {
  const places: RowPlace[] = [];
  for (let offset = 0; offset < bytes.length; offset += rowLength(bytes, offset)) {
    places.push({ bytes, offset, key: rowKey(bytes, offset, CREATED_AT) });
  }
  return places;
}
