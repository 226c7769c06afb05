import test from 'ava';
import type { Move, Shard } from '../../sdk/api.ts';
import { MoveProgress } from '../../operator/move-progress.ts';
import { endsText, endText, planText } from '../../operator/move-text.ts';
import type { PlannedMove } from '../../contracts/operator.ts';

const TIME = '2026-03-01T12:00:00.000Z';

function planned(change: Partial<PlannedMove> = {}): PlannedMove {
  return { shard: 7, from: 'node-1', to: 'node-2', reason: 'node-1 is drained.', ...change };
}

function row(change: Partial<Shard> = {}): Shard {
  return {
    shard: 7,
    status: 'serving',
    fault: null,
    quarantined: [],
    epoch: 1,
    sequence: 1,
    waiting: 0,
    drops: 0,
    liveDrops: 0,
    ordersPerSecond: 0,
    relayLag: 0,
    owner: 'node-1',
    wanted: 'node-2',
    pinned: false,
    answered: true,
    ...change,
  };
}

function record(change: Partial<Move> = {}): Move {
  return {
    id: 'new',
    shard: 7,
    from: 'node-1',
    to: 'node-2',
    startedAt: TIME,
    endedAt: TIME,
    blackoutMs: 9,
    result: 'done',
    reason: 'It is wanted there.',
    ...change,
  };
}

function follow(moves: readonly PlannedMove[], anyTarget = false): MoveProgress {
  return new MoveProgress({ moves, finishedBefore: [record({ id: 'old' })], anyTarget });
}

test('W6: a move ends by its record, and not by a record from before the change', (t) => {
  const progress = follow([planned()]);
  t.deepEqual(progress.update([record({ id: 'old' })], [row()]), []);
  t.deepEqual(progress.update([record(), record({ id: 'old' })], [row({ owner: 'node-2' })]), [
    {
      shard: 7,
      from: 'node-1',
      to: 'node-2',
      result: 'done',
      blackoutMs: 9,
      reason: 'It is wanted there.',
    },
  ]);
  t.is(progress.openCount, 0);
  t.true(progress.succeeded);
  t.deepEqual(progress.update([record()], [row()]), [], 'an end is returned once');
});

for (const result of ['rolled-back', 'abandoned'] as const) {
  test(`W6: a move that was ${result} did not succeed`, (t) => {
    const progress = follow([planned(), planned({ shard: 8 })]);
    const ended = progress.update(
      [record({ result, blackoutMs: null, reason: 'node-2 is gone' }), record({ shard: 8 })],
      [],
    );
    t.deepEqual(
      ended.map((end) => [end.shard, end.result]),
      [
        [7, result],
        [8, 'done'],
      ],
    );
    t.is(progress.openCount, 0);
    t.false(progress.succeeded);
  });
}

test('W6: a shard that arrived without a record is done after one more poll', (t) => {
  const progress = follow([planned()]);
  const arrived = [row({ owner: 'node-2' })];
  t.deepEqual(progress.update([], arrived), []);
  t.like(progress.update([], arrived)[0], { result: 'done', blackoutMs: null });
  const late = follow([planned()]);
  late.update([], arrived);
  t.is(late.update([record()], arrived)[0]?.blackoutMs, 9);
});

test('W6: a move of an unclaimed shard is done as soon as its new owner serves it', (t) => {
  const progress = follow([planned({ from: null })]);
  const claimed = row({ owner: 'node-2' });
  t.deepEqual(progress.update([], [row({ owner: null, answered: false })]), []);
  t.deepEqual(progress.update([], [{ ...claimed, status: 'recovering' }]), []);
  t.deepEqual(progress.update([], [{ ...claimed, answered: false, status: 'serving' }]), []);
  t.like(progress.update([], [claimed])[0], { from: null, to: 'node-2', result: 'done' });
});

test('W6: a move is superseded when the placement has another target or none', (t) => {
  const progress = follow([planned(), planned({ shard: 8 })]);
  const ended = progress.update([], [row({ wanted: 'node-1' }), row({ shard: 8, wanted: null })]);
  t.deepEqual(
    ended.map(({ result, reason }) => [result, reason]),
    [
      ['superseded', 'Its target is now node-1.'],
      ['superseded', 'No node can take it now.'],
    ],
  );
  t.false(progress.succeeded);
});

test('W6: with anyTarget a shard may go to another node than planned', (t) => {
  const recorded = follow([planned()], true);
  t.like(recorded.update([record({ to: 'node-3' })], [])[0], { to: 'node-3', result: 'done' });
  const unrecorded = follow([planned({ from: null })], true);
  const elsewhere = row({ owner: 'node-3', wanted: 'node-3' });
  t.like(unrecorded.update([], [elsewhere])[0], { to: 'node-3', result: 'done' });
  const back = follow([planned()], true);
  t.like(back.update([], [row({ wanted: 'node-1' })])[0], { result: 'superseded' });
  const strict = follow([planned()]);
  t.deepEqual(strict.update([record({ to: 'node-3' })], [row()]), []);
});

test('W6: the end of the wait ends the open moves as unfinished', (t) => {
  const progress = follow([planned(), planned({ shard: 8 })]);
  progress.update([record()], [row({ shard: 8 })]);
  t.like(progress.endOpenMoves('Not ended after 60 s.')[0], { shard: 8, result: 'unfinished' });
  t.is(progress.openCount, 0);
  t.is(progress.ends.length, 2);
  t.false(progress.succeeded);
});

test('X1: a plan and its results print as columns, with reasons and blackout times', (t) => {
  t.is(planText([], true), 'No shard would move.\n');
  t.is(planText([], false), 'No shard has to move.\n');
  t.is(
    planText([planned(), planned({ shard: 113, from: null })], true),
    'shard  from    to      reason\n' +
      '    7  node-1  node-2  node-1 is drained.\n' +
      '  113  -       node-2  node-1 is drained.\n' +
      '2 shards would move\n',
  );
  const progress = follow([planned(), planned({ shard: 113 }), planned({ shard: 8 })]);
  progress.update([record({ blackoutMs: 8.6 }), record({ shard: 113, blackoutMs: 40 })], []);
  progress.endOpenMoves('No node answers.');
  t.deepEqual(progress.ends.map(endText), [
    'shard   7  node-1 -> node-2          done             9 ms  It is wanted there.\n',
    'shard 113  node-1 -> node-2          done            40 ms  It is wanted there.\n',
    'shard   8  node-1 -> node-2          unfinished          -  No node answers.\n',
  ]);
  t.is(
    endsText(progress.ends, 3_440),
    '2 of 3 moves done in 3.4 s; blackout p50 9 ms, longest 40 ms\n',
  );
  t.is(endsText([], 0), '0 of 0 moves done in 0.0 s\n');
});
