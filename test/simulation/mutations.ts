// Faults put into the product, one at a time, to see that the simulation finds them. Each replaces
// a method of a class for a while; nothing of the product knows of it.

import { SessionLease } from '../../actors/cluster/lease.ts';
import { ShardDrops } from '../../actors/shard/shard-drops.ts';
import { ShardLoop } from '../../actors/shard/shard-loop.ts';
import { OutputGate } from '../../actors/shard/shard-output.ts';
import { AnsweredRequests } from '../../domain/answered-requests.ts';
import { PassUses } from '../../domain/pass-uses.ts';
import { CallPositions } from '../../events/payments/call-positions.ts';
import { MemoryConsumerPositions } from '../../storage/memory/consumer-positions-memory.ts';
import { MemoryJournal } from '../../storage/memory/journal-memory.ts';
import { MemoryPositions } from '../../storage/memory/positions.ts';
import type { ProjectionBatch } from '../../storage/ports/projection.ts';

export interface Mutation {
  readonly name: string;
  readonly what: string;
  /** Puts it in; the result takes it out again. */
  readonly putIn: () => () => void;
}

/** Replaces a method by one that may call the method it replaces. */
function replaced<Class extends object, Name extends keyof Class>(
  prototype: Class,
  name: Name,
  make: (original: Class[Name]) => Class[Name],
): () => void {
  const original = prototype[name];
  prototype[name] = make(original);
  return () => {
    prototype[name] = original;
  };
}

/** An entry of an earlier owner is taken, and has that owner's epoch. */
function noFence(): () => void {
  const epochs = new WeakMap<MemoryJournal, Map<string, number>>();
  const undoAppend = replaced(
    MemoryJournal.prototype,
    'append',
    (append) =>
      async function (this: MemoryJournal, shard, epoch, sequence, bytes) {
        const { epoch: claimed } = await this.head(shard);
        await append.call(this, shard, claimed, sequence, bytes);
        if (epoch === claimed) return;
        const own = epochs.get(this) ?? new Map<string, number>();
        epochs.set(this, own.set(`${shard}:${sequence}`, epoch));
      },
  );
  const undoRead = replaced(
    MemoryJournal.prototype,
    'read',
    (read) =>
      async function (this: MemoryJournal, shard, after, limit) {
        const entries = await read.call(this, shard, after, limit);
        const own = epochs.get(this);
        return entries.map((entry) => ({
          ...entry,
          epoch: own?.get(`${shard}:${entry.sequence}`) ?? entry.epoch,
        }));
      },
  );
  return () => {
    undoAppend();
    undoRead();
  };
}

function answerBeforeAppend(): () => void {
  return replaced(
    OutputGate.prototype,
    'close',
    (close) =>
      function (this: OutputGate, batch) {
        close.call(this, batch);
        batch.release();
        const answered = () => undefined;
        Object.assign(batch, { release: answered, refuse: answered });
      },
  );
}

/** The stores of lists and feed take rows again that they have. */
function noDedupe(): () => void {
  return replaced(
    MemoryPositions.prototype,
    'take',
    (take) =>
      function <Row>(this: MemoryPositions, batches: readonly ProjectionBatch<Row>[]) {
        take.call(this, batches);
        return batches.flatMap(({ rows }) => rows);
      },
  );
}

function staleRead(): () => void {
  return replaced(SessionLease.prototype, 'valid', () => () => true);
}

/** Every third position that the payments consumer stores is not stored. */
function lostPosition(): () => void {
  let saves = 0;
  return replaced(
    MemoryConsumerPositions.prototype,
    'save',
    (save) =>
      async function (this: MemoryConsumerPositions, consumer, positions) {
        saves += 1;
        if (saves % 3 !== 0) await save.call(this, consumer, positions);
      },
  );
}

/** Positions pass calls that are not made yet. */
function earlyPosition(): () => void {
  return replaced(
    CallPositions.prototype,
    'commit',
    (commit) =>
      function (this: CallPositions, stretch) {
        commit.call(this, { ...stretch, callsLeft: 0 });
      },
  );
}

/** Drops that come with a shard have no deadline before their next change. */
function lostTimer(): () => void {
  let isBeginning = false;
  const undoBegin = replaced(
    ShardLoop.prototype,
    'begin',
    (begin) =>
      function (this: ShardLoop, claimed) {
        isBeginning = true;
        begin.call(this, claimed);
        isBeginning = false;
      },
  );
  const undoSchedule = replaced(
    ShardDrops.prototype,
    'schedule',
    (schedule) =>
      function (this: ShardDrops, state) {
        if (!isBeginning) schedule.call(this, state);
      },
  );
  return () => {
    undoBegin();
    undoSchedule();
  };
}

function limitCountedTwice(): () => void {
  return replaced(
    ShardLoop.prototype,
    'begin',
    (begin) =>
      function (this: ShardLoop, claimed) {
        for (const { userUnits } of claimed.recovered.drops.values())
          userUnits.forEach((units, user) => (userUnits[user] = 2 * units));
        begin.call(this, claimed);
      },
  );
}

function passesForgotten(): () => void {
  return replaced(
    ShardLoop.prototype,
    'begin',
    (begin) =>
      function (this: ShardLoop, claimed) {
        for (const drop of claimed.recovered.drops.values()) drop.passUses = null;
        begin.call(this, claimed);
      },
  );
}

function passSpentTwice(): () => void {
  return replaced(PassUses.prototype, 'isSpent', () => () => false);
}

function noAnswers(): () => void {
  return replaced(AnsweredRequests.prototype, 'find', () => () => null);
}

export const MUTATIONS: readonly Mutation[] = [
  { name: 'no-answers', what: 'a repeated request with a key is done again', putIn: noAnswers },
  { name: 'pass-spent-twice', what: 'a pass for one order places two', putIn: passSpentTwice },
  {
    name: 'passes-forgotten',
    what: 'a move forgets what is used of passes',
    putIn: passesForgotten,
  },
  { name: 'no-fence', what: 'the journal takes entries of earlier owners', putIn: noFence },
  {
    name: 'answer-before-append',
    what: 'an answer leaves before its entry is durable',
    putIn: answerBeforeAppend,
  },
  { name: 'no-dedupe', what: 'rows that come twice are added twice', putIn: noDedupe },
  { name: 'stale-read', what: 'an owner answers after its lease', putIn: staleRead },
  { name: 'lost-position', what: 'a stored position is lost', putIn: lostPosition },
  {
    name: 'early-position',
    what: 'a position is stored before the work is done',
    putIn: earlyPosition,
  },
  { name: 'lost-timer', what: 'a move drops the deadlines of a shard', putIn: lostTimer },
  {
    name: 'limit-counted-twice',
    what: 'a replay counts what a user has twice',
    putIn: limitCountedTwice,
  },
];
