// Who may read the outside stream, and how much of it.

import test from 'ava';
import { changesFor } from '../../app/changes.ts';
import { refusal, success } from '../../domain/refusal.ts';

const asked = (roles: string[]) => changesFor({ userId: 'user_1', roles }, {});

test('C1: operators read everything, creators what is theirs, others nothing', (t) => {
  const read = { from: 'start', follow: false };
  t.deepEqual(asked(['operator']), success({ ...read, creatorId: null }));
  t.deepEqual(asked(['creator', 'operator']), success({ ...read, creatorId: null }));
  t.deepEqual(asked(['creator']), success({ ...read, creatorId: 'user_1' }));
  for (const roles of [[], ['buyer'], ['creators']]) {
    const why = 'Only creators and operators may read the changes.';
    t.deepEqual(asked(roles), refusal('forbidden', why));
  }
});

test('C1: a given position and follow are passed on', (t) => {
  const query = { from: 'now', follow: true };
  const read = changesFor({ userId: 'user_1', roles: ['creator'] }, query);
  t.deepEqual(read, success({ ...query, creatorId: 'user_1' }));
});
