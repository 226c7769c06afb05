// GET /v1/changes over real sockets: access, problems, streaming with backpressure, bounds and the
// end (C1).

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../actors/clock.ts';
import { OutsideStream } from '../../events/outside/outside-stream.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { created, JournalScript } from '../events/outside/journal-script.ts';
import { type Fixture, startFixture } from './fixture.ts';

const CREATOR = 'creator_1+creator';
const OPERATOR = 'boss+operator';

async function start(t: ExecutionContext) {
  const stores = memoryStores();
  const stream = new OutsideStream({ ...stores, shardCount: 2, clock: systemClock });
  const fixture = await startFixture(t, { stream });
  return { stores, fixture, script: new JournalScript(stores) };
}

function read(fixture: Fixture, query = '', token = OPERATOR, signal?: AbortSignal) {
  return fetch(`http://127.0.0.1:${fixture.port}/v1/changes${query}`, {
    headers: { authorization: `Bearer valid.${token}` },
    signal: signal ?? AbortSignal.timeout(20_000),
  });
}

const kindsOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { kind: string }).kind);

test('C1: operators get everything, creators their own, others nothing', async (t) => {
  const { stores, fixture, script } = await start(t);
  await script.append(0, [['drp_a', [created('drp_a', 'creator_1')]]]);
  await script.append(1, [['drp_b', [created('drp_b', 'creator_2')]]]);
  await stores.follows.follow('user_1', 'creator_2', 1);
  const all = await read(fixture);
  t.is(all.status, 200);
  t.is(all.headers.get('content-type'), 'application/x-ndjson');
  t.is(all.headers.get('cache-control'), 'no-store');
  t.deepEqual(kindsOf(await all.text()).toSorted(), [
    'drop-created',
    'drop-created',
    'follow',
    'position',
    'position',
    'position',
  ]);
  const own = await (await read(fixture, '', CREATOR)).text();
  t.deepEqual(kindsOf(own), ['position', 'drop-created', 'position', 'position']);
  t.notRegex(own, /drp_b|user_1/);
  t.is((await read(fixture, '', 'buyer')).status, 403);
  t.is((await fetch(`http://127.0.0.1:${fixture.port}/v1/changes`)).status, 401);
});

test('C1: a trimmed position is 410 position-trimmed, an invalid one 400', async (t) => {
  const { stores, fixture } = await start(t);
  for (let i = 0; i < 20; i++) await stores.follows.follow(`user_${i}`, 'creator_1', 1);
  const text = await (await read(fixture, '?from=now')).text();
  const { position } = JSON.parse(text.split('\n')[0]!) as { position: string };
  t.is((await read(fixture, `?from=${position}`)).status, 200);
  await stores.follows.follow('user_0', 'creator_9', 1);
  for (let i = 0; i < 20; i++) await stores.follows.unfollow(`user_${i}`, 'creator_1');
  for (let bucket = 0; bucket < stores.changes.bucketCount; bucket++)
    await stores.changes.trim(bucket, 1_000);
  const trimmed = await read(fixture, `?from=${position}`);
  t.is(trimmed.status, 410);
  t.like(await trimmed.json(), { code: 'position-trimmed' });
  const wrong = await read(fixture, '?from=nonsense');
  t.is(wrong.status, 400);
  t.like(await wrong.json(), { code: 'invalid-request' });
  t.is((await read(fixture, '?follow=maybe')).status, 400);
  t.true(kindsOf(await (await read(fixture, '?from=start')).text()).includes('follow'));
});

test('C1: a stream that follows sends events within 250 ms, until the client goes', async (t) => {
  const { stores, fixture } = await start(t);
  const controller = new AbortController();
  const response = await read(fixture, '?from=now&follow=true', OPERATOR, controller.signal);
  const lines = response.body!.pipeThrough(new TextDecoderStream()).values();
  t.deepEqual(kindsOf((await lines.next()).value!), ['position']);
  await stores.follows.follow('user_1', 'creator_1', 1);
  const at = performance.now();
  const { value } = await lines.next();
  t.true(performance.now() - at < 1000);
  t.deepEqual(kindsOf(value!), ['follow', 'position']);
  controller.abort();
  await t.throwsAsync(lines.next());
});

test('C1: streams are bounded for each user, and an ended one makes room', async (t) => {
  const { fixture } = await start(t);
  const controllers = Array.from({ length: 4 }, () => new AbortController());
  const open = [];
  for (const { signal } of controllers)
    open.push(await read(fixture, '?from=now&follow=true', OPERATOR, signal));
  t.true(open.every(({ status }) => status === 200));
  const fifth = await read(fixture, '?from=now');
  t.is(fifth.status, 429);
  t.is(fifth.headers.get('retry-after'), '5');
  t.is((await read(fixture, '?from=now', CREATOR)).status, 200, 'others are not touched');
  controllers[0]!.abort();
  let status = 429;
  while (status === 429) status = (await read(fixture, '?from=now')).status;
  t.is(status, 200);
  for (const controller of controllers) controller.abort();
});

test('C1: a client that does not read is waited for, with bounded memory', async (t) => {
  const { stores, fixture, script } = await start(t);
  const text = { name: 'Lamp', description: 'x'.repeat(10_000), imageUrls: [] };
  const count = 3000;
  for (let i = 0; i < count; i++) {
    const product = { id: `prd_${i}`, creatorId: 'creator_1', ...text, createdAt: 1, revision: 1 };
    await stores.catalogue.addProduct(product);
  }
  await script.append(0, [['drp_a', [created('drp_a')]]]);
  let records = 0;
  const { changes } = stores;
  const readRecords = changes.read.bind(changes);
  changes.read = async (...parameters) => {
    const found = await readRecords(...parameters);
    records += found.filter(({ change }) => change.kind === 'product').length;
    return found;
  };
  const socket = connect({ port: fixture.port, host: '127.0.0.1' });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `GET /v1/changes HTTP/1.1\r\nhost: test\r\nauthorization: Bearer valid.${OPERATOR}\r\n\r\n`,
  );
  // Once the kernel's buffers are full the server reads no more from the stores.
  for (let before = -1, now = 0; now === 0 || now !== before; ) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
    now = records;
  }
  t.true(records < count, `${records} were read for a client that reads nothing`);
  const received = await receive(socket);
  t.is(received.split('"kind":"product"').length - 1, count);
  t.is(records, count);
});

async function receive(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (data: Buffer) => {
    chunks.push(data);
    if (data.toString('latin1').endsWith('0\r\n\r\n')) socket.destroy();
  });
  socket.resume();
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test('C1: a damaged journal breaks the reply off: it never looks complete', async (t) => {
  const { stores, fixture, script } = await start(t);
  await script.append(0, [['drp_a', [created('drp_a')]]]);
  await stores.journal.append(0, 1, 2, Buffer.from('this is no entry at all'));
  const response = await read(fixture);
  t.is(response.status, 200);
  await t.throwsAsync(response.text());
  t.true(fixture.logged.some(({ route, level }) => route === '/v1/changes' && Number(level) >= 40));
});

test('C1, A10: a reply whose reader may read no more is broken off: it never looks complete', async (t) => {
  const { stores, fixture, script } = await start(t);
  await script.append(0, [['drp_a', [created('drp_a')]]]);
  const { journal } = stores;
  const unpatched = journal.read.bind(journal);
  journal.read = (...of: Parameters<typeof unpatched>) => {
    fixture.time += 3_600_000;
    return unpatched(...of);
  };
  const response = await read(fixture);
  t.is(response.status, 200);
  await t.throwsAsync(response.text());
});

test('C1: the gateway ends streams when it stops, with a position', async (t) => {
  const { fixture } = await start(t);
  const response = await read(fixture, '?from=now&follow=true');
  const stopped = fixture.gateway.stop();
  const text = await response.text();
  t.is(kindsOf(text).at(-1), 'position');
  await stopped;
});

test('H9: OpenAPI has each kind of line', async (t) => {
  const { fixture } = await start(t);
  const { json } = await fixture.request('GET', '/openapi.json');
  const { paths, components } = json as {
    paths: Record<string, { get: { responses: Record<string, { content: object }> } }>;
    components: { schemas: object };
  };
  const { responses } = paths['/v1/changes']!.get;
  t.deepEqual(responses['200']!.content, {
    'application/x-ndjson': { schema: { $ref: '#/components/schemas/StreamLine' } },
  });
  for (const code of ['400', '401', '403', '410', '429', '503']) t.true(code in responses, code);
  for (const name of ['OrderPlacedLine', 'FollowLine', 'PositionLine'])
    t.true(name in components.schemas, name);
});
