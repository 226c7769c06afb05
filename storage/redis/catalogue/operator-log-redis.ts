// The operator log on Redis: one stream whose ids are numbers that rise by one.

import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import type { OperatorLog } from '../../ports/operator-log.ts';
import type { OperatorAction } from '../../../contracts/operator.ts';
import type { Page, PageRequest } from '../../../contracts/paging.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { Script } from '../connection/script.ts';

const LOG = '{operators}:log';

/** KEYS: the stream. ARGV: the action as JSON. Answers its number. */
const APPEND = new Script(`
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  local id = 1
  if last[1] then id = tonumber(string.match(last[1][1], '^(%d+)')) + 1 end
  redis.call('XADD', KEYS[1], id .. '-0', 'action', ARGV[1])
  return id
`);

export class RedisOperatorLog implements OperatorLog {
  readonly #redis: RedisConnection;

  constructor(options: { readonly redis: RedisConnection }) {
    this.#redis = options.redis;
  }

  async append(action: Omit<OperatorAction, 'id'>): Promise<OperatorAction> {
    const id = await APPEND.run(this.#redis, [LOG], [JSON.stringify(action)]);
    return { ...action, id: String(id) };
  }

  async list(page: PageRequest): Promise<Page<OperatorAction>> {
    const { time } = decodeCursor('operator-actions', page.cursor);
    const rows = await answerOf(
      this.#redis.xrevrange(LOG, `(${time}-0`, '-', 'COUNT', page.limit + 1),
    );
    const items = rows.slice(0, page.limit).map(([id, fields]) => {
      const action = JSON.parse(fields[1]!) as Omit<OperatorAction, 'id'>;
      return { ...action, id: id.slice(0, id.indexOf('-')) };
    });
    const last = items.at(-1);
    return {
      items,
      nextCursor:
        last === undefined || rows.length === items.length
          ? null
          : encodeCursor('operator-actions', { time: Number(last.id), id: '' }),
    };
  }
}
