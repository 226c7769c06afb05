// Reads all of projections.db for reconciliation, in a thread of its own and at one moment of the
// file.

import { addToTotals, type DropTotals, emptyTotals } from '../drop-totals.ts';
import { openReaderDatabase } from './database.ts';
import { NewestOrders } from './order-rows.ts';
import type { Program, ProgramOptions } from './program.ts';
import { RecentRows } from './recent-rows.ts';
import { BUCKETS, type RowPlace, rowBytes, rowKey, rowLength } from './row-pack.ts';
import { firstRunId } from './user-rows-statements.ts';

const BUCKETS_AT_ONCE = 64;

export type ProjectionsReaderHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const database = openReaderDatabase(options.file);
  const generations = database
    .prepare<[], number>('select generation from orders_generations order by generation desc')
    .pluck();
  const packs = database
    .prepare<[], Buffer>('select bytes from orders_recent order by number')
    .pluck();
  const runs = database
    .prepare<[number, number], Buffer>(
      'select bytes from orders_settled where id >= ? and id < ? order by id desc',
    )
    .pluck();

  return {
    database,
    begin: 'begin',
    handlers: {
      /** A few buckets at a time: all versions of an order are in one, and memory stays small. */
      totalsOfDrop(dropId: string): DropTotals {
        const dropBytes = Buffer.from(dropId);
        /** Not exact, but cheap. */
        const isOfDrop = ({ bytes, offset }: RowPlace) =>
          rowBytes(bytes, offset).includes(dropBytes);
        const recent = new RecentRows({ generation: 0 });
        for (const pack of packs.iterate()) recent.add(pack);
        const settled = generations.all();
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
            add(recent.rowsOfBucket(bucket).map((row) => recent.place(row)));
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
    places.push({ bytes, offset, key: rowKey(bytes, offset) });
  }
  return places;
}
