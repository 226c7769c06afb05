// The routes of the audit log: who may read what, and that what is asked reaches the service (X5).

import test from 'ava';
import { Compile } from 'typebox/compile';
import { type AuditEntry, AuditPage } from '../../contracts/audit.ts';
import { success } from '../../domain/refusal.ts';
import { NOW } from '../services/harness.ts';
import { startFixture } from './fixture.ts';

const entry: AuditEntry = {
  sequence: 9,
  at: NOW,
  actor: { kind: 'api-key', id: 'u_1', keyId: 'k_1' },
  action: 'drops.amend',
  target: { type: 'drop', id: 'd_1' },
  creatorId: 'u_1',
  params: {},
  changes: [{ field: 'stock', before: 5, after: 7 }],
  outcome: 'done',
  result: 'Done.',
  address: '203.0.113.7',
  requestId: null,
};

test('X5: entries come as described, and filters reach the service', async (t) => {
  const fixture = await startFixture(t);
  const page = { items: [entry], nextCursor: 'next' };
  fixture.actions['audit.list'] = () => success(page);
  fixture.actions['audit.ofCreator'] = () => success(page);
  const asked = 'actor=k_1&action=drops.amend&target=d_1&from=2026-01-01T00:00:00Z&limit=5';
  const filter = {
    actor: 'k_1',
    action: 'drops.amend',
    target: 'd_1',
    from: Date.parse('2026-01-01T00:00:00Z'),
  };
  for (const [path, as, more] of [
    ['/v1/operator/audit', 'boss+operator', {}],
    ['/v1/audit', 'u_1+creator', {}],
    ['/v1/audit?creator_id=u_2', 'u_1+creator', { creatorId: 'u_2' }],
  ] as const) {
    const to = `${path}${path.includes('?') ? '&' : '?'}${asked}`;
    const { status, json } = await fixture.request('GET', to, { as });
    t.is(status, 200, path);
    t.true(Compile(AuditPage).Check(json), path);
    t.deepEqual(json, {
      items: [{ ...entry, at: new Date(NOW).toISOString() }],
      nextCursor: 'next',
    });
    t.like(fixture.calls.at(-1)?.params, {
      ...more,
      filter,
      page: { limit: 5, cursor: null },
    });
    for (const wrong of ['from=yesterday', 'limit=0', 'actor=', 'unknown=1']) {
      const refused = await fixture.request('GET', `${path.split('?')[0]}?${wrong}`, { as });
      t.is(refused.status, 400, wrong);
    }
    t.is((await fixture.request('GET', path)).status, 401);
  }
});
