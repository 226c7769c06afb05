// What a drop's orders add up to, on Redis: in a few hashes of the drop one field for each journal
// entry, which says how its orders stand. An order is always in the same hash. A field may be
// written again, and come late: an entry has the same orders whenever it comes, each as it stood
// after it or later, and whatever came later has a field of its own.

import { fnv1a } from '../../../domain/ids.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import { addToTotals, type DropTotals, emptyTotals } from '../../rows/drop-totals.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { dropOf, statusLetter, statusOf } from './order-members.ts';

/** Hashes of a drop. Part of the stored format. */
const PARTS = 16;
/** Fields looked at in one step, so that a large drop holds up no server. */
const SCAN_STEP = 128;
const BETWEEN_ORDERS = ',';

/** One hash of a drop, as far as an append changes it. */
interface Part {
  readonly fields: (string | number)[];
  /** Of the entry whose orders the last field has. */
  sequence: number;
}

/** The standings of an append's orders. */
export class DropStandings {
  readonly #parts = new Map<string, Part>();

  /** Orders of an entry come one after the other. */
  add(order: OrderView, sequence: number): void {
    const { id, dropId, status, quantity, version } = order;
    // The key says the drop already.
    const name = dropOf(id) === dropId ? id.slice(dropId.length + 1) : id;
    const key = partKey(dropId, fnv1a(name) % PARTS);
    const standing = `${name} ${version} ${statusLetter(status)}${quantity}`;
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
    /** By order: its newest version, and how it stands then. */
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
