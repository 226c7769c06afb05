// What a drop's orders add up to, on Redis: one short field for each version of an order, in a few
// hashes of the drop. Fields are added once and for all, so writing them may be repeated and come
// late; an append writes all of a hash's fields by one command.

import { fnv1a } from '../../domain/ids.ts';
import type { OrderView } from '../../domain/views.ts';
import { addToTotals, type DropTotals, emptyTotals } from '../drop-totals.ts';
import { answerOf, type RedisConnection } from './connection.ts';
import { dropOf, statusLetter, statusOf } from './order-members.ts';

/** Hashes of a drop. Part of the stored format. */
const PARTS = 16;
/** Fields looked at in one step, so that a large drop holds up no server. */
const SCAN_STEP = 1000;

/** The standings of an append's orders. */
export class DropStandings {
  readonly #fields = new Map<string, string[]>();

  add(order: OrderView): void {
    const { id, dropId, status, quantity, version } = order;
    // The key says the drop already.
    const name = dropOf(id) === dropId ? id.slice(dropId.length + 1) : id;
    const key = partKey(dropId, fnv1a(name) % PARTS);
    const fields = this.#fields.get(key);
    const standing = statusLetter(status) + quantity;
    if (fields === undefined) this.#fields.set(key, [`${name} ${version}`, standing]);
    else fields.push(`${name} ${version}`, standing);
  }

  send(redis: RedisConnection): Promise<unknown>[] {
    return [...this.#fields].map(([key, fields]) => answerOf(redis.hset(key, ...fields)));
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
        const [name, text] = fields[i]!.split(' ') as [string, string];
        const version = Number(text);
        const present = newest.get(name);
        if (present !== undefined && present.version >= version) continue;
        newest.set(name, { version, standing: fields[i + 1]! });
      }
    } while (at !== '0');
    for (const { standing } of newest.values()) {
      addToTotals(totals, statusOf(standing[0]!), Number(standing.slice(1)));
    }
  }
  return totals;
}

function partKey(dropId: string, part: number): string {
  return `orders:totals:${dropId}:${part}`;
}
