// Payments that operators must look at, on Redis: a hash of all problems as they were opened, as
// JSON, a hash of how they ended, and for each kind two sorted sets of ids by time: the open ones
// and the others. All keys share the hash tag of the consumer's positions, so that one script
// stores rows and positions together.

import type { Page, PageRequest } from '../../../contracts/paging.ts';
import type {
  PaymentProblem,
  ProblemCount,
  ProblemFilter,
  ProblemKind,
} from '../../../contracts/payment-problems.ts';
import { PROBLEM_KINDS } from '../../../contracts/problem-kinds.ts';
import { decodeCursor, encodeCursor } from '../../formats/cursor.ts';
import { decodePaymentProblem, encodePaymentProblem } from '../../formats/payment-problem.ts';
import {
  PAYMENT_PROBLEMS_CONSUMER,
  type PaymentProblems,
  type ProblemChange,
  PROBLEMS_OF_KIND_MAX,
} from '../../ports/payment-problems.ts';
import type { ProjectionBatch } from '../../ports/projection.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import { readNewestFirst } from '../connection/newest-first.ts';
import { Script } from '../connection/script.ts';
import { positionsKey } from './consumer-positions-redis.ts';

const TAG = `{consumer:${PAYMENT_PROBLEMS_CONSUMER}}`;
const ROWS = `${TAG}:rows`;
const ENDS = `${TAG}:ends`;
/** The sets of each kind follow each other, that of its open problems first. */
const KEYS = [
  positionsKey(PAYMENT_PROBLEMS_CONSUMER),
  ROWS,
  ENDS,
  ...PROBLEM_KINDS.flatMap((kind) => [setKey(kind, true), setKey(kind, false)]),
];

/**
 * ARGV: the bound, then each batch as JSON. `open` of a change is the index of the set of open
 * problems of its kind, `set` the index of the one that a new problem goes to. What is stored comes
 * as text: Lua's JSON has 14 digits of a number.
 */
const STORE = new Script(`
  local function oldest(key)
    local found = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    return found[1], tonumber(found[2])
  end
  local function bound(open, max)
    local excess = redis.call('ZCARD', KEYS[open]) + redis.call('ZCARD', KEYS[open + 1]) - max
    for _ = 1, excess do
      local id, at = oldest(KEYS[open])
      local other, otherAt = oldest(KEYS[open + 1])
      if not id or (other and (otherAt < at or (otherAt == at and other < id))) then id = other end
      redis.call('ZREM', KEYS[open], id)
      redis.call('ZREM', KEYS[open + 1], id)
      redis.call('HDEL', KEYS[2], id)
      redis.call('HDEL', KEYS[3], id)
    end
  end
  for i = 2, #ARGV do
    local batch = cjson.decode(ARGV[i])
    local position = tonumber(redis.call('HGET', KEYS[1], batch.shard) or '0')
    if tonumber(batch.sequence) > position then
      for _, change in ipairs(batch.changes) do
        if change.row then
          if redis.call('HSETNX', KEYS[2], change.id, change.row) == 1 then
            redis.call('ZADD', KEYS[change.set], change.at, change.id)
            bound(change.open, tonumber(ARGV[1]))
          end
        else
          local at = redis.call('ZSCORE', KEYS[change.open], change.id)
          local row = at and cjson.decode(redis.call('HGET', KEYS[2], change.id))
          if row and (not change.amount or row.amount <= tonumber(change.amount)) then
            redis.call('HSET', KEYS[3], change.id, change.ending)
            redis.call('ZREM', KEYS[change.open], change.id)
            redis.call('ZADD', KEYS[change.open + 1], at, change.id)
          end
        end
      end
      redis.call('HSET', KEYS[1], batch.shard, batch.sequence)
    end
  end
`);

export class RedisPaymentProblems implements PaymentProblems {
  readonly #redis: RedisConnection;
  readonly #max: number;

  constructor(options: { readonly redis: RedisConnection; readonly max?: number }) {
    this.#redis = options.redis;
    this.#max = options.max ?? PROBLEMS_OF_KIND_MAX;
  }

  async store(batches: readonly ProjectionBatch<ProblemChange>[]): Promise<void> {
    const args = batches.map(({ shard, sequence, rows }) =>
      JSON.stringify({
        shard: String(shard),
        sequence: String(sequence),
        changes: rows.map(changeOf),
      }),
    );
    await STORE.run(this.#redis, KEYS, [this.#max, ...args]);
  }

  async list(filter: ProblemFilter, page: PageRequest): Promise<Page<PaymentProblem>> {
    const { kind, open } = filter;
    const kinds = kind === undefined ? PROBLEM_KINDS : [kind];
    const states = open === undefined ? [true, false] : [open];
    const keys = kinds.flatMap((one) => states.map((state) => setKey(one, state)));
    const start = decodeCursor('payment-problems', page.cursor);
    const found = await readNewestFirst(this.#redis, keys, start, page.limit + 1);
    const shown = found.slice(0, page.limit);
    const problems = await this.#read(shown.map(({ id }) => id));
    return {
      // It was closed between the two reads.
      items: problems.filter((problem) => open === undefined || problem.open === open),
      nextCursor:
        found.length > shown.length ? encodeCursor('payment-problems', shown.at(-1)!) : null,
    };
  }

  async counts(): Promise<readonly ProblemCount[]> {
    return await Promise.all(
      PROBLEM_KINDS.flatMap((kind) =>
        [true, false].map(async (open) => {
          const count = await answerOf(this.#redis.zcard(setKey(kind, open)));
          return { kind, open, count };
        }),
      ),
    );
  }

  /** In the order of the ids, without those that are gone. */
  async #read(ids: readonly string[]): Promise<PaymentProblem[]> {
    // A problem that moves from one set to the other between two reads is found in both.
    const unique = [...new Set(ids)];
    if (unique.length === 0) return [];
    const [rows, ends] = await Promise.all([
      answerOf(this.#redis.hmget(ROWS, ...unique)),
      answerOf(this.#redis.hmget(ENDS, ...unique)),
    ]);
    return rows.flatMap((row, i) => {
      const end = ends[i] ?? null;
      if (row === null) return [];
      return [decodePaymentProblem(row, end === null ? null : (JSON.parse(end) as Ending))];
    });
  }
}

type Ending = Pick<PaymentProblem, 'outcome' | 'closedAt'>;

function changeOf(change: ProblemChange): object {
  if (change.type === 'closed') {
    const { id, kind, outcome, closedAt, amount } = change;
    const ending = JSON.stringify({ outcome, closedAt } satisfies Ending);
    // What is null would be true in Lua.
    return { id, open: setIndex(kind), ending, ...(amount !== null && { amount: String(amount) }) };
  }
  const { id, kind, open, openedAt } = change.problem;
  const first = setIndex(kind);
  const set = open ? first : first + 1;
  return { id, open: first, set, at: String(openedAt), row: encodePaymentProblem(change.problem) };
}

/** As Lua counts: from 1. */
function setIndex(kind: ProblemKind): number {
  return KEYS.indexOf(setKey(kind, true)) + 1;
}

function setKey(kind: ProblemKind, open: boolean): string {
  return `${TAG}:${kind}:${open ? 'open' : 'closed'}`;
}
