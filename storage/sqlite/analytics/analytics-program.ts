// The writer of analytics.db: sums of what the journals say, which can be made again from them, and
// of what gateways counted, which cannot. A commit survives the end of this process; after a power
// failure the newest ones may be missing, the exact sums together with their positions. It runs in
// a thread of its own, with low priority, and answers the reads too, which may be of many rows.

import { limitPages, openWriterDatabase, WalBound } from '../thread/database.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';
import {
  type AccountedDrop,
  type Amount,
  type CountedFlush,
  type ExactChange,
  FINE_KEPT_MS,
  type Step,
  STEPS,
  type StoredSegment,
  SUMS_MAX,
  WATCHING_KEPT_MS,
} from '../../ports/analytics.ts';

/** Of the counted part; generations of the exact part are counted from 1. */
const COUNTED = 0;
/** How long a gateway's last flush is remembered. */
const GATEWAY_KEPT_MS = 24 * 3_600_000;

const MIGRATIONS = [
  `
  create table generations (number integer primary key, serves integer not null) strict;
  insert into generations (number, serves) values (1, 1);
  create table generation_count (begun integer not null) strict;
  insert into generation_count (begun) values (1);
  create table positions (
    generation integer not null, shard integer not null, sequence integer not null,
    primary key (generation, shard)
  ) strict, without rowid;
  create table drops (
    generation integer not null, id text not null, creator_id text not null, drop_row text not null,
    primary key (generation, id)
  ) strict, without rowid;
  create index drops_by_creator on drops (generation, creator_id);
  create table segments (
    generation integer not null, drop_id text not null, number integer not null,
    bytes blob not null,
    primary key (generation, drop_id, number)
  ) strict;
  create table sums (
    part integer not null, subject text not null, step integer not null, start integer not null,
    name text not null, value integer not null,
    primary key (part, subject, step, start, name)
  ) strict, without rowid;
  create index fine_sums on sums (start) where step < 2;
  create table gateways (
    id text primary key, flush integer not null, at integer not null
  ) strict, without rowid;
  create table watching (
    gateway text not null, drop_id text not null, count integer not null,
    primary key (gateway, drop_id)
  ) strict, without rowid;
  `,
];

export type AnalyticsHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const synchronous = 'normal';
  const database = openWriterDatabase({ ...options, synchronous, migrations: MIGRATIONS });
  const walBound = new WalBound({ database, ...options });

  const serving = database
    .prepare<[], number>('select number from generations where serves = 1')
    .pluck();
  const exists = database
    .prepare<[number], number>('select 1 from generations where number = ?')
    .pluck();
  const positions = database
    .prepare<[number], [number, number]>(
      'select shard, sequence from positions where generation = ?',
    )
    .raw();
  const position = database
    .prepare<[number, number], number>(
      'select sequence from positions where generation = ? and shard = ?',
    )
    .pluck();
  const putPosition = database.prepare<[number, number, number]>(
    'insert or replace into positions (generation, shard, sequence) values (?, ?, ?)',
  );
  const drop = database
    .prepare<[number, string], string>('select drop_row from drops where generation = ? and id = ?')
    .pluck();
  const putDrop = database.prepare<[number, string, string, string]>(
    'insert or replace into drops (generation, id, creator_id, drop_row) values (?, ?, ?, ?)',
  );
  const dropsOf = database
    .prepare<[number, string], string>(
      'select id from drops where generation = ? and creator_id = ?',
    )
    .pluck();
  const segments = database
    .prepare<[number, string, number, number], [number, Uint8Array]>(`
    select number, bytes from segments
    where generation = ? and drop_id = ? and number >= ? order by number limit ?`)
    .raw();
  const putSegment = database.prepare<[number, string, number, Uint8Array]>(
    'insert or replace into segments (generation, drop_id, number, bytes) values (?, ?, ?, ?)',
  );
  const add = database.prepare<[number, string, number, number, string, number]>(`
    insert into sums (part, subject, step, start, name, value) values (?, ?, ?, ?, ?, ?)
    on conflict do update set value = value + excluded.value`);
  const sums = database
    .prepare<[number, string, number, number, number, number], [number, string]>(`
    select start, json_group_object(name, value) from (
      select start, name, sum(value) as value from sums
      where part in (?, ${COUNTED}) and subject = ? and step = ? and start >= ? and start < ?
      group by start, name having sum(value) <> 0)
    group by start order by start limit ?`)
    .raw();
  const flushOf = database
    .prepare<[string], number>('select flush from gateways where id = ?')
    .pluck();
  const putFlush = database.prepare<[string, number, number]>(
    'insert or replace into gateways (id, flush, at) values (?, ?, ?)',
  );
  const notWatching = database.prepare<[string]>('delete from watching where gateway = ?');
  const putWatching = database.prepare<[string, string, number]>(
    'insert into watching (gateway, drop_id, count) values (?, ?, ?)',
  );
  const watching = database
    .prepare<[string, number], number>(`
    select coalesce(sum(count), 0) from watching join gateways on id = gateway
    where drop_id = ? and at >= ?`)
    .pluck();
  const removeOthers = ['positions', 'drops', 'segments'].map((table) =>
    database.prepare<[number]>(`delete from ${table} where generation <> ?`),
  );
  const removeOtherSums = database.prepare<[number]>(
    `delete from sums where part <> ${COUNTED} and part <> ?`,
  );
  const removeOtherGenerations = database.prepare<[number]>(
    'delete from generations where number <> ?',
  );
  const begin = database
    .prepare<[], number>('update generation_count set begun = begun + 1 returning begun')
    .pluck();
  const addGeneration = database.prepare<[number]>(
    'insert into generations (number, serves) values (?, 0)',
  );
  const serve = database.prepare<[number]>('update generations set serves = (number = ?)');
  const trim = database.prepare<[number, number]>(`
    delete from sums where (part, subject, step, start, name) in (
      select part, subject, step, start, name from sums indexed by fine_sums
      where step < 2 and start < ? order by start limit ?)`);
  const trimGateways = database.prepare<[number]>('delete from gateways where at < ?');
  const trimWatching = database.prepare<[]>(
    'delete from watching where gateway not in (select id from gateways)',
  );

  function addAll(part: number, amounts: readonly Amount[]): void {
    for (const { subject, step, start, name, value } of amounts)
      add.run(part, subject, STEPS.indexOf(step), start, name, value);
  }

  function removeAllBut(generation: number): void {
    for (const statement of removeOthers) statement.run(generation);
    removeOtherSums.run(generation);
    removeOtherGenerations.run(generation);
  }

  return {
    database,
    begin: 'begin immediate',
    hasLowPriority: true,
    committed: () => walBound.committed(),
    handlers: {
      generation: (): number => serving.get()!,
      positions: (generation: number): [number, number][] => positions.all(generation),
      commit(generation: number, change: ExactChange): boolean {
        if (exists.get(generation) === undefined) return false;
        for (const { shard, from } of change.positions)
          if ((position.get(generation, shard) ?? 0) !== from) return false;
        for (const { shard, to } of change.positions) putPosition.run(generation, shard, to);
        for (const row of change.drops)
          putDrop.run(generation, row.id, row.creatorId, JSON.stringify(row));
        for (const { dropId, index, bytes } of change.segments)
          putSegment.run(generation, dropId, index, bytes);
        addAll(generation, change.amounts);
        return true;
      },
      drops(generation: number, ids: readonly string[]): (AccountedDrop | null)[] {
        return ids.map((id) => {
          const row = drop.get(generation, id);
          return row === undefined ? null : (JSON.parse(row) as AccountedDrop);
        });
      },
      dropsOf: (generation: number, creatorId: string): string[] =>
        dropsOf.all(generation, creatorId),
      segments(generation: number, dropId: string, first: number, limit: number): StoredSegment[] {
        return segments
          .all(generation, dropId, first, limit)
          .map(([index, bytes]) => ({ dropId, index, bytes }));
      },
      begin(): number {
        removeAllBut(serving.get()!);
        const number = begin.get()!;
        addGeneration.run(number);
        return number;
      },
      serve(generation: number): void {
        if (exists.get(generation) === undefined) return;
        serve.run(generation);
        removeAllBut(generation);
      },
      discard(generation: number): void {
        const present = serving.get()!;
        if (generation !== present && exists.get(generation) !== undefined) removeAllBut(present);
      },
      count({ gateway, flush, at, amounts, watching: present }: CountedFlush): boolean {
        if (flush <= (flushOf.get(gateway) ?? 0)) return false;
        putFlush.run(gateway, flush, at);
        if (present !== null) notWatching.run(gateway);
        for (const { dropId, count } of present ?? []) putWatching.run(gateway, dropId, count);
        addAll(COUNTED, amounts);
        return true;
      },
      sums(subject: string, step: Step, from: number, to: number): [number, string][] {
        return sums.all(serving.get()!, subject, STEPS.indexOf(step), from, to, SUMS_MAX);
      },
      watching: (dropId: string, now: number): number =>
        watching.get(dropId, now - WATCHING_KEPT_MS)!,
      trim(now: number, limit: number): number {
        trimGateways.run(now - GATEWAY_KEPT_MS);
        trimWatching.run();
        return trim.run(now - FINE_KEPT_MS, limit).changes;
      },
      limitPages: (pages: number): void => limitPages(database, pages),
    },
  } satisfies Program;
}
