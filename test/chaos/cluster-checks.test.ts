// The checks that apply only to clusters, each with a handwritten error.

import test from 'ava';
import type { Shard } from '../../sdk/api.ts';
import type { Fault } from './cluster-faults.ts';
import { failovers, figuresOf, percentile } from './cluster-figures.ts';
import { noteWriters, type Writers } from './cluster-owners.ts';
import { ANN, at, attempt, BEN, DROP, drop, findings, goodCase, order } from './good-case.ts';
import type { Tolerance } from './history.ts';
import { checkPlace } from './truth.ts';

const TOLERANT: Tolerance = { copyAgeMs: 1_000, lateMs: 1_000, skewMs: 0 };

function row(shard: number, epoch: number, owner: string, changes: Partial<Shard> = {}) {
  return { shard, epoch, owner, status: 'serving', answered: true, ...changes } as Shard;
}

test('W1: entries of epochs that rise and were claimed are in their place', (t) => {
  t.deepEqual(checkPlace(7, { sequence: 0, epoch: 0 }, { sequence: 1, epoch: 1 }, 3), []);
  t.deepEqual(checkPlace(7, { sequence: 1, epoch: 1 }, { sequence: 2, epoch: 3 }, 3), []);
});

test('W1: the checker finds an entry of an epoch that was over', (t) => {
  const found = checkPlace(7, { sequence: 4, epoch: 3 }, { sequence: 5, epoch: 2 }, 3);
  t.deepEqual(found, ['W1: entry 5 of shard 7 is of epoch 2, after one of epoch 3']);
});

test('W1: the checker finds an entry of an epoch that nobody claimed', (t) => {
  const found = checkPlace(7, { sequence: 4, epoch: 3 }, { sequence: 5, epoch: 4 }, 3);
  t.deepEqual(found, ['W1: entry 5 of shard 7 is of epoch 4, and 3 were claimed']);
});

test('J2: the checker finds a gap in the sequence', (t) => {
  const found = checkPlace(7, { sequence: 4, epoch: 3 }, { sequence: 6, epoch: 3 }, 3);
  t.deepEqual(found, ['J2: entry 6 of shard 7 follows 4']);
});

test('W1: the checker finds two nodes that serve a shard at one epoch', (t) => {
  const writers: Writers = new Map();
  const silent = row(1, 2, 'south', { answered: false });
  const leaving = row(1, 2, 'south', { status: 'recovering' });
  t.deepEqual(noteWriters(writers, [row(1, 2, 'north'), row(2, 2, 'south')]), []);
  t.deepEqual(noteWriters(writers, [row(1, 2, 'north'), row(1, 3, 'south'), silent, leaving]), []);
  t.deepEqual(noteWriters(writers, [row(1, 2, 'south')]), [
    'W1: north and south served shard 1 at epoch 2',
  ]);
});

test('O8: a read from a copy may be as old as a copy may be, and no older', (t) => {
  const young = goodCase();
  young.history.drops.push({ where: at(5_600, 200), source: 'read', drop: drop(4, 0, 2) });
  t.deepEqual(findings(young, TOLERANT), []);
  const old = goodCase();
  old.history.drops.push({ where: at(7_600, 200), source: 'read', drop: drop(4, 0, 2) });
  t.regex(findings(old, TOLERANT)[0]!, /^O8: d1 went back from version 5 to 4/);
});

test('J4: what nobody answered may be carried out late, and no later', (t) => {
  const late = goodCase();
  late.history.attempts[3] = attempt(at(4_000, 0), 'ben', 1, null);
  t.deepEqual(findings(late, TOLERANT), []);
  const later = goodCase();
  later.history.attempts[3] = attempt(at(3_800, 0), 'ben', 1, null);
  t.regex(findings(later, TOLERANT)[0]!, /^J4: d1-1 was made at/);
});

test('J4: what was refused is not carried out, however late', (t) => {
  const refused = goodCase();
  refused.history.attempts[3] = attempt(at(4_500, 409, 'sold-out'), 'ben', 1, null);
  t.regex(findings(refused, TOLERANT)[0]!, /^J4: d1-1 was made at/);
});

test('F1: an unfollow that nobody answered may come behind a follow, but not long after', (t) => {
  const pair = { userId: 'ann', creatorId: 'cleo' };
  const withUnfollowAt = (time: number): string[] => {
    const { history, ...rest } = goodCase();
    history.follows.splice(0);
    history.follows.push({ where: at(time, 0), ...pair, following: false });
    history.follows.push({ where: at(2_000, 204), ...pair, following: true });
    rest.followers.set('cleo', { ids: [], count: 0 });
    rest.following.set('ann', []);
    return findings({ history, ...rest }, TOLERANT);
  };
  t.deepEqual(withUnfollowAt(1_500), []);
  t.regex(withUnfollowAt(500)[0]!, /^F1: ann does not follow cleo/);
});

test('W3: a failover ends with the first order of each lost drop sent after the kill', (t) => {
  const kill: Fault = {
    kind: 'kill',
    target: 'north',
    beganAt: 3_000,
    endedAt: 9_000,
    lostDrops: [DROP, 'd2'],
  };
  const attempts = [
    attempt(at(3_050, 201), 'ann', 1, order(ANN, 'reserved', 3)),
    attempt(at(3_500, 503), 'ann', 1, null),
    attempt(at(3_600, 409), 'ben', 1, null),
    attempt(at(4_000, 201), 'ben', 1, order(BEN, 'reserved', 5)),
  ];
  t.deepEqual(failovers(kill, attempts), [1_100]);
  const away: Fault = { ...kill, kind: 'redis-kill', target: 'redis', lostDrops: [] };
  const figures = figuresOf([kill, away], attempts, [], new Map());
  t.deepEqual(figures.failoverMs, [1_100]);
  t.deepEqual(figures.undisturbedFailoverMs, []);
  t.is(percentile([5, 1, 3], 0.5), 3);
  t.is(percentile([5, 1, 3], 0.99), 5);
  t.is(percentile([], 0.5), null);
});
