// The step of catalogue.db that notes what webhooks lack by room key and shard.

import test from 'ava';
import Database from 'better-sqlite3';
import {
  WAITING_OF_KEY,
  WEBHOOK_KEYS_SCHEMA,
  WEBHOOK_ROOM_SCHEMA,
  WEBHOOKS_SCHEMA,
} from '../../storage/sqlite/catalogue/webhooks-statements.ts';

test('R3: what drops lacked, and what waits of them, stays when event types come to it', (t) => {
  const database = new Database(':memory:');
  t.teardown(() => database.close());
  database.exec(WEBHOOKS_SCHEMA + WEBHOOK_KEYS_SCHEMA);
  const append = database.prepare(`
    insert into webhook_deliveries (endpoint_id, number, state, revision, delivery, body)
    values ('wh', ?, 'waiting', 0, ?, '')`);
  const keys = ['d_1', 'd_1', null, null, null];
  for (const [i, key] of keys.entries())
    append.run(i, JSON.stringify({ key, type: 'order.confirmed' }));
  database.exec(`insert into webhook_held_keys values ('wh', 'd_1', 3, 10, 12)`);
  database.exec(WEBHOOK_ROOM_SCHEMA);
  const held = database.prepare('select * from webhook_held').all();
  const row = { endpoint_id: 'wh', key: 'd_1', shard: 3, lacks_from: 10, lacks_to: 12 };
  t.deepEqual(held, [{ ...row, is_of_drop: 1 }]);
  const waitingOf = database.prepare<[string, string], number>(WAITING_OF_KEY).pluck();
  t.is(waitingOf.get('wh', 'd_1'), 2);
  t.is(waitingOf.get('wh', 'order.confirmed'), 3);
  const plan = database.prepare(`explain query plan ${WAITING_OF_KEY}`).all('wh', 'd_1');
  t.regex(JSON.stringify(plan), /webhook_deliveries_by_room_key/);
});
