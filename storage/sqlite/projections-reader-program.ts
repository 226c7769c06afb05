// Reads all of projections.db for reconciliation, in a thread of its own and at one moment of the
// file.

import { addToTotals, type DropTotals, emptyTotals } from '../drop-totals.ts';
import { openReaderDatabase } from './database.ts';
import { NewestOrders } from './order-rows.ts';
import type { Program, ProgramOptions } from './program.ts';
import { RecentRows } from './recent-rows.ts';
import { readRowLog } from './row-log.ts';
import {
  BUCKETS,
  CREATED_AT,
  NO_KEY,
  rowBytes,
  rowKey,
  rowLength,
  type RowPlace,
} from './row-pack.ts';
import { firstRunId } from './user-rows-statements.ts';

const BUCKETS_AT_ONCE = 64;

export type ProjectionsReaderHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const database = openReaderDatabase(options.file);
  const generations = database
    .prepare<[], number>('select generation from rows_generations order by generation desc')
    .pluck();
  const runs = database
    .prepare<[number, number], Buffer>(
      'select bytes from rows_settled where id >= ? and id < ? order by id desc',
    )
    .pluck();

  return {
    database,
    begin: 'begin',
    handlers: {
      /**
       * A few buckets at a time: all versions of an order are in one, and memory stays small.
       * `unsettled` names the generations that had a log before the call; null where one of them
       * has been settled meanwhile, so that this moment of the file does not show it: ask again.
       */
      totalsOfDrop(dropId: string, unsettled: readonly number[]): DropTotals | null {
        const dropBytes = Buffer.from(dropId);
        /** Not exact, but cheap. */
        const isOfDrop = ({ bytes, offset, key }: RowPlace) =>
          key !== NO_KEY && rowBytes(bytes, offset).includes(dropBytes);
        const settled = generations.all();
        const recent = new RecentRows({ generation: 0 });
        for (const generation of unsettled) {
          if (settled.includes(generation)) continue;
          const records = readRowLog(options.file, generation);
          if (records === null) return null;
          for (const { pack } of records) recent.add(pack);
        }
        const totals = emptyTotals();
        for (let from = 0; from < BUCKETS; from += BUCKETS_AT_ONCE) {
          const to = from + BUCKETS_AT_ONCE;
          const newest = new NewestOrders();
          const add = (places: readonly RowPlace[]) => {
            for (const place of places.toReversed()) {
              if (isOfDrop(place)) newest.add(place);
            }
          };
          for (let bucket = from; bucket < to; bucket++) {
            add(recent.rowsOfBucket(bucket).map((row) => recent.place(row, CREATED_AT)));
          }
          for (const generation of settled) {
            const end = firstRunId(generation, to);
            for (const run of runs.iterate(firstRunId(generation, from), end)) add(placesOf(run));
          }
          for (const order of newest.all()) {
            if (order.dropId === dropId) addToTotals(totals, order.status, order.quantity);
          }
        }
        return totals;
      },
    },
  } satisfies Program;
}

function placesOf(bytes: Buffer): RowPlace[] {
  const places: RowPlace[] = [];
  for (let offset = 0; offset < bytes.length; offset += rowLength(bytes, offset)) {
    places.push({ bytes, offset, key: rowKey(bytes, offset, CREATED_AT) });
  }
  return places;
}
