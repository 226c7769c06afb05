import test from 'ava';
import { answerText, targetOf, unlessAnswered } from '../../app/repeated-requests.ts';
import { keyedRequest } from '../../app/keyed-request.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { MemoryRequests } from '../../storage/memory/requests-memory.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';

const request = { id: 'r', fingerprint: 'f', callerId: 'ann' };
const levels = new ReachedLevel(FEATURE_LEVEL);

test('H11: what was answered is answered again, and not done again', async (t) => {
  const requests = new MemoryRequests();
  const options = { requests, levels };
  t.deepEqual(await unlessAnswered(options, request, async () => success(1)), success(1));
  await requests.keep(request, answerText(7));
  t.deepEqual(await unlessAnswered(options, request, doneAgain), {
    ok: true,
    value: 7,
    replayed: true,
  });
  const other = { ...request, fingerprint: 'g' };
  const reused = refusal('idempotency-key-reused');
  t.deepEqual(await unlessAnswered(options, other, doneAgain), reused);
  t.deepEqual(await unlessAnswered(options, undefined, async () => success(2)), success(2));
});

test('H11: while a node of level 3 lives, a request with a key is not made', async (t) => {
  const options = { requests: new MemoryRequests(), levels: new ReachedLevel(3) };
  const refused = refusal('unavailable');
  t.deepEqual(await unlessAnswered(options, request, doneAgain), refused);
  t.deepEqual(await unlessAnswered(options, undefined, async () => success(2)), success(2));
});

test('H11: what nodes of level 3 kept is known; what they left unknown is not done', async (t) => {
  const requests = new MemoryRequests();
  const [answered, begun] = [request, { ...request, id: 'begun' }];
  await requests.keep(answered, '{"answer":{"a":1}}');
  await requests.keep(begun, '{"by":"somebody","until":1}');
  t.deepEqual(await unlessAnswered({ requests, levels }, answered, doneAgain), {
    ok: true,
    value: { a: 1 },
    replayed: true,
  });
  const unknown = await unlessAnswered({ requests, levels }, begun, doneAgain);
  t.like(unknown, { ok: false, code: 'request-in-progress' });
  t.like(await targetOf(requests, begun, doneAgain), { code: 'request-in-progress' });
});

test('H11: every try of a request has the target of the first', async (t) => {
  const requests = new MemoryRequests();
  const notThere = async () => refusal('not-found');
  t.deepEqual(await targetOf(requests, request, notThere), refusal('not-found'));
  const tries = await Promise.all(
    ['a', 'b', 'c'].map((target) => targetOf(requests, request, async () => success(target))),
  );
  const first = tries.find((one) => one.ok && one.replayed !== true);
  for (const one of [...tries, await targetOf(requests, request, doneAgain)])
    t.is(one.ok && one.value, first?.ok === true && first.value);
  t.is(tries.filter((one) => one.ok && one.replayed === true).length, 2);
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
