import test from 'ava';
import { InSteps } from '../../app/repeated-requests.ts';
import { keyedRequest } from '../../app/keyed-request.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { MemoryRequests } from '../../storage/memory/requests-memory.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';

const request = { id: 'r', fingerprint: 'f', callerId: 'ann' };

function start() {
  const requests = new MemoryRequests();
  const state = { now: 1_000_000 };
  const inSteps = new InSteps({ requests, now: () => state.now });
  return { requests, state, inSteps };
}

test('H11: while a try is under way another is told to come back, then gets its answer', async (t) => {
  const { inSteps } = start();
  const work = Promise.withResolvers<Outcome<number>>();
  let runs = 0;
  const run = () =>
    inSteps.run(request, () => {
      runs += 1;
      return work.promise;
    });
  const first = run();
  t.deepEqual(await run(), { ...refusal('request-in-progress'), retryAfterMs: 1_000 });
  work.resolve(success(7));
  t.deepEqual(await first, success(7));
  t.deepEqual(await run(), { ok: true, value: 7, replayed: true });
  t.is(runs, 1);
  t.deepEqual(
    await inSteps.run({ ...request, fingerprint: 'g' }, doneAgain),
    refusal('idempotency-key-reused'),
  );
});

test('H11: a refusal and a fault are not kept', async (t) => {
  const { inSteps } = start();
  t.deepEqual(await inSteps.run(request, async () => refusal('not-found')), refusal('not-found'));
  await t.throwsAsync(
    inSteps.run(request, () => Promise.reject(new Error('a defect'))),
    { message: 'a defect' },
  );
  t.deepEqual(await inSteps.run(request, async () => success(1)), success(1));
});

test('H11: a try that died is begun anew by one later one', async (t) => {
  const { inSteps, state } = start();
  void inSteps.run(request, () => new Promise<Outcome<number>>(() => undefined));
  await Promise.resolve();
  state.now += 29_999;
  t.like(await inSteps.run(request, doneAgain), { code: 'request-in-progress' });
  state.now += 1;
  const tries = await Promise.all([
    inSteps.run(request, async () => success('a')),
    inSteps.run(request, async () => success('a')),
  ]);
  t.deepEqual(tries.map((outcome) => (outcome.ok ? outcome.value : outcome.code)).toSorted(), [
    'a',
    'request-in-progress',
  ]);
});

test('H11: where the note of an answer fails, the answer is given all the same', async (t) => {
  const { requests, inSteps } = start();
  requests.replace = () => Promise.reject(new StoreUnavailableError('away'));
  t.deepEqual(await inSteps.run(request, async () => success(1)), success(1));
});

test('H11: the same request is known however its fields are ordered, and only that', (t) => {
  const of = (asked: unknown, callerId = 'ann', route = 'PATCH /v1/drops/a', key = 'k') =>
    keyedRequest({ callerId, route, key, asked });
  const first = of([{}, { a: 1, b: { c: [1, 2], d: null } }]);
  t.deepEqual(of([{}, { b: { d: null, c: [1, 2] }, a: 1 }]), first);
  for (const asked of [
    [{}, { a: 1, b: { c: [2, 1], d: null } }],
    [{ a: 1 }, { b: { c: [1, 2], d: null } }],
    [{}, { a: '1', b: { c: [1, 2], d: null } }],
  ])
    t.not(of(asked).fingerprint, first.fingerprint);
  const ids = [
    first,
    of([], 'bob'),
    of([], 'ann', 'PATCH /v1/drops/b'),
    of([], 'ann', 'PATCH /v1/drops/a', 'kk'),
    of([], 'ann', 'PATCH /v1/drops/ak', ''),
  ].map(({ id }) => id);
  t.is(new Set(ids).size, ids.length);
  t.true(ids.every((id) => /^[\w-]{22}$/.test(id)));
});

function doneAgain(): never {
  throw new Error('it was done again');
}
