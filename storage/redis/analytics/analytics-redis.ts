// Sums of analytics on Redis. Each change is one script.

import { Buffer } from 'node:buffer';
import {
  type AccountedDrop,
  type Amount,
  type AnalyticsStore,
  type CountedFlush,
  type ExactAnalytics,
  type ExactChange,
  type Step,
  type StoredSegment,
  SUMS_MAX,
  type Sums,
  WATCHING_KEPT_MS,
} from '../../ports/analytics.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';
import type { ScriptArgument } from '../connection/script.ts';
import {
  COUNTED,
  gatewayKeys,
  generationKeys,
  KEYS,
  piecesOf,
  sumsEnd,
  sumsKey,
} from './analytics-keys.ts';
import { BEGIN, COMMIT, COUNT, DISCARD, SERVE } from './analytics-scripts.ts';

/** How long a gateway's last flush is remembered. */
const GATEWAY_KEPT_MS = 24 * 3_600_000;
const KEYS_REMOVED_AT_ONCE = 256;

/** Keys of a script, each once, named in arguments by their place. */
class KeyPlaces {
  readonly keys: string[];
  readonly #places = new Map<string, number>();

  constructor(first: readonly string[]) {
    this.keys = [...first];
  }

  placeOf(key: string): number {
    let place = this.#places.get(key);
    if (place === undefined) {
      place = this.keys.push(key);
      this.#places.set(key, place);
    }
    return place;
  }
}

export class RedisAnalytics implements AnalyticsStore {
  readonly #redis: RedisConnection;

  constructor({ redis }: { readonly redis: RedisConnection }) {
    this.#redis = redis;
  }

  async generation(): Promise<number> {
    return Number((await answerOf(this.#redis.get(KEYS.serving))) ?? 1);
  }

  exact(generation: number): ExactAnalytics {
    const redis = this.#redis;
    const keys = generationKeys(generation);
    return {
      async positions() {
        const stored = await answerOf(redis.hgetall(keys.positions));
        return new Map(Object.entries(stored).map(([shard, at]) => [Number(shard), Number(at)]));
      },
      commit: (change) => this.#commit(generation, change),
      async drops(ids) {
        if (ids.length === 0) return [];
        const rows = await answerOf(redis.hmget(keys.drops, ...ids));
        return rows.map((row) => (row === null ? null : (JSON.parse(row) as AccountedDrop)));
      },
      dropsOf: (creatorId) => answerOf(redis.smembers(keys.dropsOf(creatorId))),
      async segments(dropId, first, limit) {
        const indexes = Array.from({ length: limit }, (_, i) => first + i);
        const found = await answerOf(
          redis.hmgetBuffer(keys.segments(dropId), ...indexes.map(String)),
        );
        const stored: StoredSegment[] = [];
        for (const [i, bytes] of found.entries())
          if (bytes !== null) stored.push({ dropId, index: first + i, bytes });
        return stored;
      },
    };
  }

  async begin(): Promise<number> {
    const number = await BEGIN.run(this.#redis, GENERATION_KEYS, []);
    await this.#removeLeaving();
    return number as number;
  }

  async serve(generation: number): Promise<void> {
    await SERVE.run(this.#redis, GENERATION_KEYS, [generation]);
    await this.#removeLeaving();
  }

  async discard(generation: number): Promise<void> {
    await DISCARD.run(this.#redis, GENERATION_KEYS, [generation]);
    await this.#removeLeaving();
  }

  async count({ gateway, flush, at, amounts, watching }: CountedFlush): Promise<boolean> {
    const own = gatewayKeys(gateway);
    const places = new KeyPlaces([own.flush, own.watching, KEYS.gateways]);
    const args: ScriptArgument[] = [gateway, flush, at, GATEWAY_KEPT_MS, WATCHING_KEPT_MS];
    args.push(watching?.length ?? -1);
    for (const { dropId, count } of watching ?? []) args.push(dropId, count);
    pushSums(args, places, COUNTED, amounts);
    return (await COUNT.run(this.#redis, places.keys, args)) === 1;
  }

  async sums(subject: string, step: Step, from: number, to: number): Promise<Sums[]> {
    const serving = await this.generation();
    const pieces = piecesOf(step, from, to);
    const keys = [serving, COUNTED].flatMap((part) =>
      pieces.map((start) => sumsKey(part, subject, step, start)),
    );
    const found = await Promise.all(keys.map((key) => answerOf(this.#redis.hgetall(key))));
    const sums = new Map<number, Record<string, number>>();
    for (const [field, value] of found.flatMap(Object.entries<string>)) {
      const [start, name] = field.split(' ', 2) as [string, string];
      const at = Number(start);
      if (value === '0' || at < from || at >= to) continue;
      const values = sums.get(at) ?? {};
      values[name] = Number(value);
      sums.set(at, values);
    }
    const shown = Array.from(sums, ([start, values]) => ({ start, values }));
    return shown.sort((a, b) => a.start - b.start).slice(0, SUMS_MAX);
  }

  async watching(dropId: string, now: number): Promise<number> {
    const redis = this.#redis;
    const since = now - WATCHING_KEPT_MS;
    const gateways = await answerOf(redis.zrangebyscore(KEYS.gateways, since, '+inf'));
    const counts = await Promise.all(
      gateways.map((gateway) => answerOf(redis.hget(gatewayKeys(gateway).watching, dropId))),
    );
    return counts.reduce((sum, count) => sum + Number(count ?? 0), 0);
  }

  /** Keys expire by themselves. */
  async trim(): Promise<number> {
    return 0;
  }

  async #commit(generation: number, change: ExactChange): Promise<boolean> {
    const keys = generationKeys(generation);
    const first = [KEYS.serving, KEYS.unfinished, keys.register, keys.positions, keys.drops];
    const places = new KeyPlaces(first);
    const { positions, drops, segments, amounts } = change;
    const args: ScriptArgument[] = [generation, positions.length, drops.length, segments.length];
    for (const { shard, from, to } of positions) args.push(shard, from, to);
    for (const drop of drops)
      args.push(drop.id, JSON.stringify(drop), places.placeOf(keys.dropsOf(drop.creatorId)));
    for (const { dropId, index, bytes } of segments)
      args.push(places.placeOf(keys.segments(dropId)), index, Buffer.from(bytes));
    pushSums(args, places, generation, amounts);
    return (await COMMIT.run(this.#redis, places.keys, args)) === 1;
  }

  /** Whoever ends in the middle leaves the rest to the next one. */
  async #removeLeaving(): Promise<void> {
    const redis = this.#redis;
    for (const generation of await answerOf(redis.smembers(KEYS.leaving))) {
      const { register } = generationKeys(Number(generation));
      for (;;) {
        const keys = await answerOf(redis.srandmember(register, KEYS_REMOVED_AT_ONCE));
        if (keys.length === 0) break;
        await answerOf(redis.unlink(...keys));
        await answerOf(redis.srem(register, ...keys));
      }
      await answerOf(redis.srem(KEYS.leaving, generation));
    }
  }
}

const GENERATION_KEYS = [KEYS.serving, KEYS.unfinished, KEYS.begun, KEYS.leaving];

function pushSums(
  args: ScriptArgument[],
  places: KeyPlaces,
  part: number,
  amounts: readonly Amount[],
): void {
  for (const { subject, step, start, name, value } of amounts) {
    const place = places.placeOf(sumsKey(part, subject, step, start));
    args.push(place, `${start} ${name}`, value, sumsEnd(step, start));
  }
}
