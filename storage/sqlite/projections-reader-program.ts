// Reads all of projections.db for reconciliation, in a thread of its own and at one moment of the
// file.

import { addToTotals, type DropTotals, emptyTotals } from '../drop-totals.ts';
import { openReaderDatabase } from './database.ts';
import { NewestOrders } from './order-rows.ts';
import type { Program, ProgramOptions } from './program.ts';
import { RecentRows } from './recent-rows.ts';
import { BUCKETS, type RowPlace, rowKey, rowLength, rowText } from './row-pack.ts';
import { firstRunId } from './user-rows-statements.ts';

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
      /** Bucket by bucket, since all versions of an order are in one: memory stays small. */
      totalsOfDrop(dropId: string): DropTotals {
        const recent = new RecentRows({ generation: 0 });
        for (const pack of packs.iterate()) recent.add(pack);
        const settled = generations.all();
        const totals = emptyTotals();
        for (let bucket = 0; bucket < BUCKETS; bucket++) {
          const newest = new NewestOrders();
          const add = (place: RowPlace) => {
            if (rowText(place.bytes, place.offset).includes(dropId)) newest.add(place);
          };
          for (const place of recent.rowsOfBucket(bucket).toReversed()) add(place);
          for (const generation of settled) {
            const first = firstRunId(generation, bucket);
            for (const run of runs.iterate(first, firstRunId(generation, bucket + 1))) {
              for (const place of placesOf(run).toReversed()) add(place);
            }
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
