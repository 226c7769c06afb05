// Drops kept in one Redis. A Lua script decides an order in one step; commands of one turn of the
// event loop travel as one pipeline, and Redis syncs its append-only file once for all of them
// before it answers any.

import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

/**
 * @param {string} socket Path of Redis' Unix socket.
 * @returns {import('./fastify-app.mjs').Store}
 */
export function redisStore(socket) {
  const redis = new Redis({
    path: socket,
    enableAutoPipelining: true,
    scripts: {
      placeOrder: {
        numberOfKeys: 3,
        lua: readFileSync(new URL('place-order.lua', import.meta.url), 'utf8'),
      },
    },
  });
  return {
    async createDrop(dropId, { stock, unitAmount, currency, limitPerUser }) {
      const drop = { free: stock, version: 1, unitAmount, currency, limitPerUser };
      await redis.hset(`{${dropId}}`, drop);
    },

    async order({ dropId, userId, key, quantity }) {
      const drop = `{${dropId}}`;
      const answer = await redis.placeOrder(
        drop,
        `${drop}:orders`,
        `${drop}:bought`,
        userId,
        key,
        quantity,
        Date.now(),
      );
      const [outcome, units, totalAmount, currency, time, version] = answer.split(' ');
      if (units === undefined) return { refusal: outcome };
      const order = {
        id: `${dropId}-${version}`,
        dropId,
        userId,
        quantity: Number(units),
        status: 'confirmed',
        totalAmount: Number(totalAmount),
        currency,
        createdAt: new Date(Number(time)).toISOString(),
        version: Number(version),
      };
      return { order, replayed: outcome === 'replayed' };
    },
  };
}
