// The tests' client fails a test where an answer is not as OpenAPI describes it: each way of being
// different is tried.

import ava, { type ExecutionContext } from 'ava';
import { startFixture } from '../gateway/fixture.ts';
import { DescribedAnswers, type SeenAnswer } from './described-answers.ts';

const test = ava;
const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';

const PROFILE = {
  id: 'usr_1',
  name: 'Ada',
  createdAt: '2026-01-01T00:00:00.000Z',
  followerCount: 0,
  followingCount: 0,
};
const GONE = { type: '/docs/problems#not-found', title: 'Not found', status: 404 };

async function described(t: ExecutionContext) {
  const fixture = await startFixture(t);
  return new DescribedAnswers((await fixture.request('GET', '/openapi.json')).json);
}

function seen(path: string, status: number, contentType: string, ...lines: unknown[]): SeenAnswer {
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  return { method: 'GET', path, status, contentType, text };
}

test('G5: what is not in the description fails, whatever it is', async (t) => {
  const answers = await described(t);
  const profile = (body: object) => seen('/v1/users/usr_1', 200, JSON_TYPE, body);
  t.notThrows(() => answers.assert(profile(PROFILE)));
  const health = seen('/healthz', 200, JSON_TYPE, { status: 'ok' });
  t.notThrows(() => answers.assert(health));
  for (const [wrong, message] of [
    [profile({ ...PROFILE, email: 'a@b.example' }), /must NOT have additional properties/],
    [profile({ id: 'usr_1' }), /must have required property/],
    [profile({ ...PROFILE, createdAt: 'yesterday' }), /createdAt must match format "date-time"/],
    [{ ...health, status: 201 }, /status 201/],
    [{ ...health, contentType: 'text/plain' }, /the media type "text\/plain"/],
    [{ ...health, method: 'POST' }, /status 200/],
    [{ ...health, path: '/nowhere' }, /status 200/],
    [{ ...health, method: 'HEAD' }, /a body/],
  ] as const) {
    t.throws(() => answers.assert(wrong), { message });
  }
});

test('G5: problems are described, of unknown paths too', async (t) => {
  const answers = await described(t);
  const problem = (path: string, body: object) => seen(path, 404, PROBLEM_TYPE, body);
  const body = { ...GONE, code: 'not-found', detail: 'x', instance: '/nowhere' };
  for (const path of ['/v1/users/usr_1', '/nowhere'])
    t.notThrows(() => answers.assert(problem(path, body)));
  for (const wrong of [
    { ...body, code: 'lost' },
    { ...body, stack: 'at …' },
  ])
    t.throws(() => answers.assert(problem('/nowhere', wrong)), { message: /OpenAPI/ });
});

test('G5: each line of NDJSON is compared', async (t) => {
  const answers = await described(t);
  const hit = {
    type: 'product',
    id: 'prd_1',
    name: 'Lamp',
    creatorId: 'ada',
    creatorName: 'Ada',
    createdAt: PROFILE.createdAt,
    highlights: { name: [], creatorName: [], description: [] },
  };
  const lines = (...items: object[]) => seen('/v1/search', 200, 'application/x-ndjson', ...items);
  t.notThrows(() => answers.assert(lines(hit, hit)));
  t.notThrows(() => answers.assert(lines()));
  t.throws(() => answers.assert(lines(hit, { ...hit, score: 1 })), { message: /additional/ });
});

test('G2, G5: a 400 of GraphQL is a problem or in the media type of GraphQL', async (t) => {
  const answers = await described(t);
  const refused = (contentType: string, body: object) =>
    seen('/v1/graphql', 400, contentType, body);
  const errors = { errors: [{ message: 'x' }] };
  t.notThrows(() =>
    answers.assert(refused('application/graphql-response+json; charset=utf-8', errors)),
  );
  const problem = { type: '/docs#invalid-request', title: 'x', status: 400 };
  t.notThrows(() => answers.assert(refused(PROBLEM_TYPE, { ...problem, code: 'invalid-request' })));
  t.throws(() => answers.assert(refused(JSON_TYPE, errors)), { message: /the media type/ });
});
