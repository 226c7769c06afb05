// The totals of a drop's orders on Redis. A few hashes for each drop have one field for each
// journal entry, with the standing of the entry's orders. An order is always in the same hash. A
// field may be written again, or late: an entry always has the same orders, each as it stood after
// the entry or later, and later changes have fields of their own.

import { fnv1a } from '../../../domain/ids.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import { addToTotals, type DropTotals, emptyTotals, unitsOf } from '../../rows/drop-totals.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { dropOf, statusLetter, statusOf } from './order-members.ts';

/** Hashes of a drop. Part of the stored format. */
const PARTS = 16;
/** Fields read in one step, so that a large drop blocks no server. */
const SCAN_STEP = 128;
const BETWEEN_ORDERS = ',';

/** The changes of an append in one hash of a drop. */
interface Part {
  readonly fields: (string | number)[];
  /** The sequence of the entry of the last field. */
  sequence: number;
}

/** The standings of an append's orders. */
export class DropStandings {
  readonly #parts = new Map<string, Part>();

  /** Add the orders of one entry after the other. */
  add(order: OrderView, sequence: number): void {
    const { id, dropId, status, version } = order;
    // The key has the id of the drop.
    const name = dropOf(id) === dropId ? id.slice(dropId.length + 1) : id;
    const key = partKey(dropId, fnv1a(name) % PARTS);
    const standing = `${name} ${version} ${statusLetter(status)}${unitsOf(order)}`;
    const part = this.#parts.get(key);
    if (part === undefined) {
      this.#parts.set(key, { fields: [sequence, standing], sequence });
    } else if (part.sequence === sequence) {
      part.fields[part.fields.length - 1] += BETWEEN_ORDERS + standing;
    } else {
      part.fields.push(sequence, standing);
      part.sequence = sequence;
    }
  }

  send(redis: RedisConnection): Promise<unknown>[] {
    return [...this.#parts].map(([key, { fields }]) => answerOf(redis.hset(key, ...fields)));
  }
}

/** Errors: `store-unavailable`. */
export async function totalsOfDrop(redis: RedisConnection, dropId: string): Promise<DropTotals> {
  const totals = emptyTotals();
  for (let part = 0; part < PARTS; part++) {
    /** By order: its newest version, and its standing in that version. */
    const newest = new Map<string, { version: number; standing: string }>();
    let at = '0';
    do {
      const [next, fields] = await answerOf(
        redis.hscan(partKey(dropId, part), at, 'COUNT', SCAN_STEP),
      );
      at = next;
      for (let i = 0; i < fields.length; i += 2) {
        for (const text of ordersOf(fields[i]!, fields[i + 1]!)) {
          const [name, version, standing] = text.split(' ') as [string, string, string];
          const present = newest.get(name);
          if (present !== undefined && present.version >= Number(version)) continue;
          newest.set(name, { version: Number(version), standing });
        }
      }
    } while (at !== '0');
    for (const { standing } of newest.values()) {
      addToTotals(totals, statusOf(standing[0]!), Number(standing.slice(1)));
    }
  }
  return totals;
}

/** In the first format an order's version is the field, and its standing the value. */
function ordersOf(field: string, value: string): string[] {
  return field.includes(' ') ? [`${field} ${value}`] : value.split(BETWEEN_ORDERS);
}

function partKey(dropId: string, part: number): string {
  return `orders:totals:${dropId}:${part}`;
}
