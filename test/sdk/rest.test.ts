// What the client makes of answers: retries, refusals, aborts, sessions. The server is real; faults
// are put in front of it where `fetch` is called.

import test from 'ava';
import {
  isProblem,
  LiveDrops,
  type LiveDropsOptions,
  MemoryStorage,
  ProblemError,
} from '../../sdk/client.ts';
import { freePort } from '../../operator/cluster/free-port.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';

let server: SaleServer;

test.before(async () => {
  server = await SaleServer.start('embedded');
});
test.after.always(() => server?.stop());

/** What stands in for the next answers, the first one first; then the server answers. */
type Fault = () => Promise<Response>;

function clientWith(faults: Fault[], options: Partial<LiveDropsOptions> = {}) {
  const requests: Request[] = [];
  const client = new LiveDrops({
    url: server.urls[0]!,
    retryFirstMs: 1,
    fetch: (input, init) => {
      requests.push(new Request(input, init));
      const fault = faults.shift();
      return fault === undefined ? fetch(input, init) : fault();
    },
    ...options,
  });
  return { client, requests };
}

function problem(code: string, status: number, headers: Record<string, string> = {}): Fault {
  const body = JSON.stringify({ type: `/docs#${code}`, title: code, status, code });
  const type = { 'content-type': 'application/problem+json' };
  return async () => new Response(body, { status, headers: { ...type, ...headers } });
}

const lost: Fault = () => Promise.reject(new TypeError('fetch failed'));

function keys(requests: readonly Request[]): Set<string | null> {
  return new Set(requests.map(({ headers }) => headers.get('idempotency-key')));
}

test('G4: lost connections, 429 and 503 are tried again with the same key', async (t) => {
  const dropId = await server.drop(server.fresh('seller'));
  const token = server.token(server.fresh('buyer'));
  const gatewayError: Fault = async () => new Response('<html>', { status: 502 });
  const faults = [lost, problem('rate-limited', 429), problem('unavailable', 503), gatewayError];
  const { client, requests } = clientWith([...faults], { token });
  const order = await client.placeOrder(dropId, { quantity: 2 });
  t.like(order, { dropId, quantity: 2, status: 'confirmed' });
  t.is(requests.length, faults.length + 1);
  t.is(keys(requests).size, 1);
});

test('G4: tries are bounded, and Retry-After is kept or not waited for at all', async (t) => {
  const many = (fault: Fault): Fault[] => Array.from({ length: 20 }, () => fault);
  const short = clientWith(many(problem('unavailable', 503)), { triesMax: 3 });
  await t.throwsAsync(short.client.call('GET /v1/drops'), { message: 'unavailable' });
  t.is(short.requests.length, 3);
  const begun = performance.now();
  const waiting = clientWith([problem('unavailable', 503, { 'retry-after': '1' })]);
  await waiting.client.call('GET /v1/drops');
  t.true(performance.now() - begun >= 990);
  const long = clientWith([problem('rate-limited', 429, { 'retry-after': '600' })]);
  const error = await t.throwsAsync(long.client.call('GET /v1/drops'));
  t.like(error, { code: 'rate-limited', retryAfterMs: 600_000 });
  t.is(long.requests.length, 1);
});

test('G4: a refusal is tried once, and has its code and fields', async (t) => {
  const userId = server.fresh('buyer');
  const startsAt = new Date(Date.now() + 1_800_000).toISOString();
  const dropId = await server.drop(server.fresh('seller'), { startsAt });
  const { client, requests } = clientWith([], { token: server.token(userId) });
  const error = await t.throwsAsync(client.placeOrder(dropId, { quantity: 1 }));
  if (!isProblem(error, 'drop-not-live')) return t.fail(String(error));
  t.like(error, { name: 'ProblemError', status: 409, problem: { startsAt } });
  t.true(error.problem.serverTime! <= Date.now() && error.retryAfterMs! > 1_700_000);
  t.not(error.requestId, null);
  t.is(requests.length, 1);
  t.deepEqual(await client.pending(), []);
});

test('G4: what takes no key and would be done twice is not repeated', async (t) => {
  const { id, session } = await server.register('Ada');
  const token = String(session['accessToken']);
  const body = { name: 'robot', scopes: ['orders:read'], expiresInDays: 1 } as never;
  for (const fault of [lost, problem('unavailable', 503)]) {
    const { client, requests } = clientWith([fault], { token });
    await t.throwsAsync(client.call('POST /v1/account/api-keys', { body }));
    t.is(requests.length, 1);
  }
  const limited = clientWith([problem('rate-limited', 429)], { token });
  await t.throwsAsync(limited.client.call('POST /v1/account/api-keys', { body }), {
    instanceOf: ProblemError,
  });
  t.is(limited.requests.length, 2, `${id}: nothing was done, so it is tried again`);
});

test('G4: with the intent null there is no key, and only what was not sent is repeated', async (t) => {
  const token = server.token(server.fresh('seller'));
  const nowhere = `http://127.0.0.1:${await freePort()}`;
  const refused: Fault = () => fetch(nowhere);
  const create = ({ client }: ReturnType<typeof clientWith>) =>
    client.call('POST /v1/creators/{id}/products', {
      path: { id: 'me' },
      body: { name: 'Lamp' },
      intent: null,
    });
  const unsent = clientWith([refused, refused], { token });
  await t.throwsAsync(create(unsent), { instanceOf: ProblemError });
  t.is(unsent.requests.length, 3);
  t.deepEqual([...keys(unsent.requests)], [null]);
  const sent = clientWith([lost], { token });
  t.like(await t.throwsAsync(create(sent)), { code: 'connection-lost', isUnsent: false });
  t.is(sent.requests.length, 1);
});

test('G4: a signal ends a wait and a request; a try has a timeout', async (t) => {
  const reason = new Error('the buyer left');
  const never: Fault = () => new Promise(() => undefined);
  const late = { 'retry-after': '20' };
  for (const fault of [problem('unavailable', 503, late)]) {
    const { client } = clientWith([fault]);
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    const call = client.call('GET /v1/drops', { signal: controller.signal });
    t.is(await t.throwsAsync(call), reason);
  }
  const hanging: LiveDropsOptions['fetch'] = (_, init) =>
    new Promise((_resolve, reject) => {
      init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error));
    });
  const { client } = clientWith([never], { fetch: hanging, triesMax: 2 });
  const error = await t.throwsAsync(client.call('GET /v1/drops', { timeoutMs: 20 }));
  t.like(error, { name: 'ConnectionError', code: 'timeout' });
  const call = client.call('GET /v1/drops', { signal: AbortSignal.timeout(20) });
  t.is((await t.throwsAsync(call))?.name, 'TimeoutError');
});

test('G4: two presses that wait together are one order; the next press is another', async (t) => {
  const userId = server.fresh('buyer');
  const dropId = await server.drop(server.fresh('seller'));
  const { client } = clientWith([lost], { token: server.token(userId) });
  const press = () => client.placeOrder(dropId, { quantity: 1 });
  const [first, second] = await Promise.all([press(), press()]);
  t.is(first.id, second.id);
  t.not((await press()).id, first.id);
});

test('G4: of calls that wait together each has its own signal; the last one ends it', async (t) => {
  const userId = server.fresh('buyer');
  const dropId = await server.drop(server.fresh('seller'));
  const answers: (() => void)[] = [];
  const requests: RequestInit[] = [];
  const client = new LiveDrops({
    url: server.urls[0]!,
    token: server.token(userId),
    fetch: async (url, init) => {
      requests.push(init!);
      await new Promise<void>((resolve, reject) => {
        answers.push(resolve);
        init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason as Error));
      });
      return await fetch(url, init);
    },
  });
  const press = () => {
    const controller = new AbortController();
    const order = client.placeOrder(dropId, { quantity: 1 }, { signal: controller.signal });
    return { order, leave: () => controller.abort(new Error('the buyer left')) };
  };
  const left = { message: 'the buyer left' };
  const asked = (count: number) =>
    eventually(
      async () => answers.length,
      (n) => n === count,
    );

  const [first, second] = [press(), press()];
  await asked(1);
  first.leave();
  await t.throwsAsync(first.order, left);
  answers[0]!();
  const { id } = await second.order;

  const [third, fourth] = [press(), press()];
  await asked(2);
  fourth.leave();
  await t.throwsAsync(fourth.order, left);
  t.false(requests[1]!.signal!.aborted);
  third.leave();
  const fifth = press();
  await t.throwsAsync(third.order, left);
  t.true(requests[1]!.signal!.aborted, 'nobody waits');
  await asked(3);
  answers[2]!();
  t.not((await fifth.order).id, id);
  t.is(requests.length, 3);
  const keyOf = ({ headers }: RequestInit) => new Headers(headers).get('idempotency-key');
  t.is(keyOf(requests[2]!), keyOf(requests[1]!), 'the intent goes on');

  const early = client.placeOrder(dropId, { quantity: 1 }, { signal: AbortSignal.abort() });
  await t.throwsAsync(early, { name: 'AbortError' } as never);
  t.deepEqual(await client.pending(), []);
});

test('G4: an intent outlives what says nothing about its first try', async (t) => {
  const userId = server.fresh('buyer');
  const dropId = await server.drop(server.fresh('seller'));
  const unknown = [
    problem('internal', 500),
    problem('unauthenticated', 401),
    problem('rate-limited', 429),
    problem('request-in-progress', 409),
    lost,
  ];
  const { client, requests } = clientWith([...unknown], {
    token: server.token(userId),
    triesMax: 1,
  });
  const press = () => client.placeOrder(dropId, { quantity: 1 });
  for (let tries = 0; tries < unknown.length; tries++) await t.throwsAsync(press());
  t.is((await client.pending()).length, 1);
  await press();
  t.is(requests.length, 6);
  t.is(keys(requests).size, 1);
});

test("G4: a pending intent is its user's, and no other user's on the same device", async (t) => {
  const dropId = await server.drop(server.fresh('seller'));
  const [one, two] = [server.fresh('buyer'), server.fresh('buyer')];
  const intentStorage = new MemoryStorage();
  const clientOf = (user: string, faults: Fault[]) =>
    clientWith(faults, { token: server.token(user), intentStorage, triesMax: 1 }).client;
  const before = clientOf(one, [lost]);
  await t.throwsAsync(before.placeOrder(dropId, { quantity: 1 }));
  const other = clientOf(two, []);
  t.deepEqual(await other.pending(), []);
  t.is((await other.placeOrder(dropId, { quantity: 2 })).userId, two);
  t.is((await before.pending()).length, 1);
});

test('G4: an intent that ended meanwhile is not resumed as a new one', async (t) => {
  const userId = server.fresh('buyer');
  const dropId = await server.drop(server.fresh('seller'));
  const intentStorage = new MemoryStorage();
  const options = { token: server.token(userId), intentStorage, triesMax: 1 };
  const first = clientWith([lost], options).client;
  const other = clientWith([], options);
  await t.throwsAsync(first.placeOrder(dropId, { quantity: 1 }));
  const [intent] = await first.pending();
  const order = await first.resume(intent!);
  const gone = { name: 'IntentGoneError', code: 'intent-gone', key: intent!.key };
  t.like(await t.throwsAsync(other.client.resume(intent!)), gone);
  t.deepEqual(other.requests, []);

  const lostAgain = clientWith([lost], options).client;
  await t.throwsAsync(lostAgain.placeOrder(dropId, { quantity: 1 }));
  const [present] = await lostAgain.pending();
  t.like(await t.throwsAsync(other.client.resume(intent!)), gone, 'another one of the same name');
  other.client.discard(present!);
  t.like(await t.throwsAsync(other.client.resume(present!)), { name: 'IntentGoneError' });
  t.deepEqual(other.requests, []);
  const orders = await eventually(
    () => server.listAll('/v1/orders', userId),
    ({ length }) => length > 0,
  );
  t.deepEqual(
    orders.map(({ id }) => id),
    [(order as { id: string }).id],
  );
});

test('G4: nothing with a key is sent for another user, who has logged in since', async (t) => {
  const dropId = await server.drop(server.fresh('seller'));
  const [one, two] = [server.fresh('buyer'), server.fresh('buyer')];
  let user = one;
  const change: Fault = () => {
    user = two;
    return lost();
  };
  const token = () => server.token(user);
  const { client, requests } = clientWith([lost, change, lost, change], { token });
  const press = client.placeOrder(dropId, { quantity: 1 });
  await t.throwsAsync(press, { name: 'IntentGoneError' });
  user = one;
  const [intent] = await client.pending();
  user = two;
  await t.throwsAsync(client.resume(intent!), { name: 'IntentGoneError' });
  t.is(requests.length, 2);
  user = one;
  const path = { id: dropId };
  const call = client.call('POST /v1/drops/{id}/orders', { path, body: { quantity: 1 } });
  await t.throwsAsync(call, { name: 'IntentGoneError' });
  t.is(requests.length, 4);
  user = one;
  t.like(await client.resume(intent!), { userId: one });
  t.deepEqual(await server.listAll('/v1/orders', two), []);
});

test('G4: a session is refreshed once for many calls, before its end and after a 401', async (t) => {
  const sessionStorage = new MemoryStorage();
  const { client, requests } = clientWith([], { sessionStorage });
  const email = `${server.fresh('person')}@example.com`;
  const { user } = await client.register({ email, password: 'correct horse', name: 'Bo' });
  const refreshes = () => requests.filter(({ url }) => url.endsWith('/auth/refresh')).length;
  const item = `livedrops:session:${client.url}`;
  const change = (fields: object) =>
    sessionStorage.setItem(item, JSON.stringify({ ...client.session.current, ...fields }));
  const me = () => client.call('GET /v1/users/me');
  change({ expiresAt: Date.now() + 10_000 });
  t.is((await Promise.all([me(), me(), me()])).length, 3);
  t.is(refreshes(), 1);
  change({ accessToken: 'not.a.token' });
  t.like(await Promise.all([me(), me()]), [{ id: user.id }, { id: user.id }]);
  t.is(refreshes(), 2);
  const changes: unknown[] = [];
  client.session.onChange((session) => changes.push(session));
  const { refreshToken } = client.session.current!;
  await client.logOut();
  change({ accessToken: 'not.a.token', refreshToken, expiresAt: 0, user });
  await t.throwsAsync(me(), { message: /token is needed/ });
  t.is(client.session.current, null, 'a session that is over is forgotten');
  t.deepEqual(changes, [null, null]);
});

test('G4: the items of all pages, and another gateway where one is lost', async (t) => {
  const creator = server.fresh('seller');
  const ids = [await server.drop(creator), await server.drop(creator), await server.drop(creator)];
  const [url = ''] = server.urls;
  const { client } = clientWith([], { url: ['http://127.0.0.1:1', url] });
  const query = { creator_id: creator, limit: 2 };
  const found: string[] = [];
  for await (const { id } of client.items('GET /v1/drops', { query })) found.push(id);
  t.deepEqual(found.toSorted(), ids.toSorted());
  t.is(client.url, url);
});
