// Peer: Fastify and PostgreSQL. An order is one prepared call of a function (`schema.sql`), which
// is one transaction, and is answered when that is committed.
// Usage: postgres.mjs SOCKET_DIRECTORY USER, with AUTH_SECRET in the environment.

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { fastifyApp, listen } from './fastify-app.mjs';

/**
 * Orders of one drop wait for its row whichever connection they are on, and more than these only
 * make the queue dearer.
 */
const CONNECTIONS = 8;
const UNIQUE_VIOLATION = '23505';
/** Raised by `place_order`. */
const SOLD_MEANWHILE = 'SOLD0';

const [host, user] = process.argv.slice(2);
const pool = new pg.Pool({ host, user, database: 'postgres', max: CONNECTIONS });
// Counters are far below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
await pool.query(readFileSync(new URL('schema.sql', import.meta.url), 'utf8'));

const PLACE_ORDER = {
  name: 'place-order',
  text: 'select outcome, (placed).* from place_order($1, $2, $3, $4)',
};

async function placeOrder(values) {
  try {
    const { rows } = await pool.query({ ...PLACE_ORDER, values });
    return rows[0];
  } catch (error) {
    if (error.code === SOLD_MEANWHILE) return { outcome: 'sold-out' };
    throw error;
  }
}

/** @type {import('./fastify-app.mjs').Store} */
const store = {
  async createDrop(dropId, { stock, priceCents, currency, limitPerUser }) {
    const values = [dropId, stock, priceCents, currency, limitPerUser];
    await pool.query('insert into drops values ($1, $2, 1, $3, $4, $5)', values);
  },

  async order({ dropId, userId, key, quantity }) {
    const values = [dropId, userId, key, quantity];
    const row = await placeOrder(values).catch((error) => {
      // The same key, at the same time: the other one is committed, and is found now.
      if (error.code === UNIQUE_VIOLATION) return placeOrder(values);
      throw error;
    });
    if (row.version === null || row.version === undefined) return { refusal: row.outcome };
    const order = {
      id: `${dropId}-${row.version}`,
      dropId,
      userId,
      quantity: row.quantity,
      status: 'confirmed',
      totalCents: row.total_cents,
      currency: row.currency,
      createdAt: row.created_at.toISOString(),
      version: row.version,
    };
    return { order, replayed: row.outcome === 'replayed' };
  },
};

await listen(fastifyApp({ store, secret: process.env.AUTH_SECRET }));
