// Every MUST of tus 1.0.0 (https://tus.io/protocols/resumable-upload) for a server: the core, and
// the extensions that are announced. And what is ours: owners, bounds, locks, durability.

import { createHash } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { buffer } from 'node:stream/consumers';
import test from 'ava';
import { Readable } from 'node:stream';
import { IMAGE_BYTES_MAX, UPLOAD_LIFETIME_MS, VIDEO_BYTES_MAX } from '../../contracts/bounds.ts';
import { UploadServers, type UploadServer } from './upload-servers.ts';

const servers = new UploadServers();
let server: UploadServer;
test.before(async () => {
  server = await servers.start();
});
test.after.always(() => servers.stop());

const CHUNK = 'application/offset+octet-stream';
const TUS = { 'tus-resumable': '1.0.0' };
const ANN = { ...TUS, authorization: 'Bearer ann' };
const b64 = (text: string) => Buffer.from(text).toString('base64');
const METADATA = { 'upload-metadata': `filename ${b64('a.jpg')},purpose ${b64('product')}` };

type Headers = Record<string, string>;

async function ask(
  method: string,
  path: string,
  headers: Headers = {},
  body?: Uint8Array<ArrayBuffer> | string,
) {
  const url = path.startsWith('http') ? path : server.url + path;
  const reply = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  const text = await reply.text();
  const code = text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined;
  return { status: reply.status, code, header: (name: string) => reply.headers.get(name) };
}

/** The path of an upload of so many bytes. */
async function begin(bytes: number, headers: Headers = {}): Promise<string> {
  const sent = { ...ANN, ...METADATA, 'upload-length': String(bytes), ...headers };
  const made = await ask('POST', '/v1/uploads', sent);
  if (made.status !== 201) throw new Error(`${made.status} ${made.code}`);
  return made.header('location')!;
}

async function patch(path: string, offset: number, body: string, headers: Headers = {}) {
  const sent = { ...ANN, 'content-type': CHUNK, 'upload-offset': String(offset), ...headers };
  return await ask('PATCH', path, sent, body);
}

async function offsetOf(path: string): Promise<number> {
  const head = await ask('HEAD', path, ANN);
  return Number(head.header('upload-offset'));
}

const idOf = (path: string) => path.split('/').at(-1)!;
const textOf = async (path: string) =>
  (await buffer(Readable.from(servers.pieces.read(idOf(path))))).toString();

/** Resolves when somebody writes to the upload. */
async function locked({ useCases }: UploadServers, path: string): Promise<void> {
  // For no time at all: it takes the lock from nobody.
  const probe = { mediaId: idOf(path), holder: 'probe', ms: 0 };
  for (;;) {
    const free = await useCases.lock(probe);
    if (free.ok && !free.value) return;
    await pause(5);
  }
}

// Core

test('M1: OPTIONS tells versions, extensions, the largest size and checksums', async (t) => {
  const told = await ask('OPTIONS', '/v1/uploads');
  t.is(told.status, 204);
  t.is(told.header('tus-version'), '1.0.0');
  t.is(told.header('tus-max-size'), String(VIDEO_BYTES_MAX));
  t.is(
    told.header('tus-extension'),
    'creation,creation-with-upload,termination,expiration,checksum',
  );
  t.true(told.header('tus-checksum-algorithm')!.split(',').includes('sha1'));
});

test('M1: another version of the protocol is 412 with those spoken, and nothing is done', async (t) => {
  const path = await begin(5);
  for (const version of [{}, { 'tus-resumable': '0.2.2' }]) {
    const { authorization } = ANN;
    const headers: Headers = { authorization, ...(version as Headers) };
    const made = await ask('POST', '/v1/uploads', {
      ...headers,
      ...METADATA,
      'upload-length': '5',
    });
    t.deepEqual([made.status, made.code], [412, 'tus-version']);
    t.is(made.header('tus-version'), '1.0.0');
    t.is(made.header('location'), null);
    const chunk = { ...headers, 'content-type': CHUNK, 'upload-offset': '0' };
    t.is((await ask('PATCH', path, chunk, 'hello')).status, 412);
    t.is((await ask('HEAD', path, headers)).status, 412);
    t.is((await ask('DELETE', path, headers)).status, 412);
  }
  t.is(await offsetOf(path), 0);
});

test('M1: each reply has Tus-Resumable, refusals too', async (t) => {
  const path = await begin(5);
  for (const reply of [
    await ask('HEAD', path, ANN),
    await ask('HEAD', '/v1/uploads/m_unknown', ANN),
    await patch(path, 3, 'hello'),
    await ask('POST', '/v1/uploads', ANN),
  ])
    t.is(reply.header('tus-resumable'), '1.0.0');
});

test('M1: HEAD tells offset and length, and is in no cache', async (t) => {
  const path = await begin(11);
  const head = await ask('HEAD', path, ANN);
  t.deepEqual(
    ['upload-offset', 'upload-length', 'cache-control'].map((name) => head.header(name)),
    ['0', '11', 'no-store'],
  );
  t.is(head.header('upload-metadata'), METADATA['upload-metadata']);
  await patch(path, 0, 'hello');
  t.is(await offsetOf(path), 5);
  const unknown = await ask('HEAD', '/v1/uploads/m_unknown', ANN);
  t.deepEqual([unknown.status, unknown.header('upload-offset')], [404, null]);
});

test('M1: PATCH goes on at its offset, and answers the new one', async (t) => {
  const path = await begin(11);
  const first = await patch(path, 0, 'hello ');
  t.deepEqual([first.status, first.header('upload-offset')], [204, '6']);
  const second = await patch(path, 6, 'world');
  t.deepEqual([second.status, second.header('upload-offset')], [204, '11']);
  t.is(await textOf(path), 'hello world');
  t.true(servers.received.includes(idOf(path)));
});

test('M1: PATCH at another offset is 409, and changes nothing', async (t) => {
  const path = await begin(11);
  await patch(path, 0, 'hello ');
  for (const offset of [0, 5, 7, 11]) {
    const refused = await patch(path, offset, 'x');
    t.deepEqual([refused.status, refused.code], [409, 'upload-offset']);
  }
  t.is(await textOf(path), 'hello ');
});

test('M1: PATCH with another content type is 415, and an unknown upload 404', async (t) => {
  const path = await begin(5);
  t.is((await patch(path, 0, 'hello', { 'content-type': 'text/plain' })).status, 415);
  t.is((await patch('/v1/uploads/m_unknown', 0, 'hello')).status, 404);
  t.is(await offsetOf(path), 0);
});

test('M1: offsets and lengths are non-negative integers', async (t) => {
  const path = await begin(5);
  for (const offset of ['-1', '1.5', 'x', '', '0x1', '99999999999999999999']) {
    t.is((await patch(path, 0, 'hello', { 'upload-offset': offset })).status, 400, offset);
    const made = await ask('POST', '/v1/uploads', { ...ANN, ...METADATA, 'upload-length': offset });
    t.is(made.status, 400, offset);
  }
  t.is((await ask('PATCH', path, { ...ANN, 'content-type': CHUNK }, 'hello')).status, 400);
});

test('M1: X-HTTP-Method-Override says the method', async (t) => {
  const path = await begin(5);
  const headers = { ...ANN, 'content-type': CHUNK, 'upload-offset': '0' };
  const written = await ask(
    'POST',
    path,
    { ...headers, 'x-http-method-override': 'PATCH' },
    'hello',
  );
  t.deepEqual([written.status, written.header('upload-offset')], [204, '5']);
  t.is((await ask('POST', path, { ...ANN, 'x-http-method-override': 'DELETE' })).status, 204);
});

test('M1: no more than the length is taken, told or not', async (t) => {
  const path = await begin(5);
  t.is((await patch(path, 0, 'hello world')).status, 413);
  const chunked = await new Promise<number>((resolve, reject) => {
    const sent = httpRequest(server.url + path, {
      method: 'PATCH',
      headers: { ...ANN, 'content-type': CHUNK, 'upload-offset': '0' },
    });
    sent.on('response', (reply) => {
      reply.resume();
      resolve(reply.statusCode!);
    });
    sent.on('error', reject);
    sent.write('hello');
    sent.end(' world');
  });
  t.is(chunked, 413);
  t.true((await offsetOf(path)) <= 5);
});

test('M1: what came before a connection broke is there', async (t) => {
  const path = await begin(1_000_000);
  const sent = httpRequest(server.url + path, {
    method: 'PATCH',
    headers: {
      ...ANN,
      'content-type': CHUNK,
      'upload-offset': '0',
      'content-length': '1000000',
    },
  });
  sent.on('error', () => undefined);
  sent.write(Buffer.alloc(300_000, 1));
  let offset = 0;
  while (offset === 0) offset = await offsetOf(path);
  sent.destroy();
  t.true(offset >= 128 * 1024 && offset <= 300_000, String(offset));
  t.true((await offsetOf(path)) >= offset);
});

// Creation

test('M1: creation answers 201 and where the upload is', async (t) => {
  const made = await ask('POST', '/v1/uploads', { ...ANN, ...METADATA, 'upload-length': '5' });
  t.is(made.status, 201);
  t.regex(made.header('location')!, /^\/v1\/uploads\/m_[a-z0-9]+$/);
  t.like(await servers.store.find(idOf(made.header('location')!)), {
    ownerId: 'ann',
    filename: 'a.jpg',
    purpose: 'product',
    bytes: 5,
    status: 'uploading',
  });
});

test('M1: creation without a length, or with one that is told later, is refused', async (t) => {
  t.is((await ask('POST', '/v1/uploads', { ...ANN, ...METADATA })).status, 400);
  const later = { ...ANN, ...METADATA, 'upload-defer-length': '1' };
  t.is((await ask('POST', '/v1/uploads', later)).status, 400);
});

test('M1: a file that is too large is 413 before a byte is sent', async (t) => {
  const create = (bytes: number, purpose: string) =>
    ask('POST', '/v1/uploads', {
      ...ANN,
      'upload-length': String(bytes),
      'upload-metadata': `filename ${b64('a')},purpose ${b64(purpose)}`,
    });
  t.deepEqual((await create(VIDEO_BYTES_MAX + 1, 'product')).status, 413);
  const avatar = await create(IMAGE_BYTES_MAX + 1, 'avatar');
  t.deepEqual([avatar.status, avatar.code], [413, 'media-too-large']);
});

test('M1: metadata that are not of the protocol’s form are 400', async (t) => {
  for (const wrong of ['filename', 'filename a b', 'filename ***', `a ${b64('b')},a ${b64('c')}`]) {
    const headers = { ...ANN, 'upload-length': '5', 'upload-metadata': wrong };
    t.is((await ask('POST', '/v1/uploads', headers)).status, 400, wrong);
  }
});

test('M1: creation takes the first bytes with it', async (t) => {
  const headers = { ...ANN, ...METADATA, 'upload-length': '11', 'content-type': CHUNK };
  const made = await ask('POST', '/v1/uploads', headers, 'hello ');
  t.deepEqual([made.status, made.header('upload-offset')], [201, '6']);
  const path = made.header('location')!;
  t.is((await patch(path, 6, 'world')).status, 204);
  t.is(await textOf(path), 'hello world');
});

test('M1: creation with a key is repeated without a second upload', async (t) => {
  const headers = {
    ...TUS,
    ...METADATA,
    authorization: 'Bearer keys',
    'idempotency-key': 'k',
    'upload-length': '11',
    'content-type': CHUNK,
  };
  const create = (changed: Headers = {}, body = 'hello ') =>
    ask('POST', '/v1/uploads', { ...headers, ...changed }, body);
  const count = async () => (await servers.store.ofOwner('keys', 10)).length;
  // Two tries at once, as where the first one's answer is slow.
  const both = await Promise.all([create({ 'content-type': 'text/plain' }), create()]);
  const [path] = both.map(({ header }) => header('location')!);
  t.deepEqual(
    both.map(({ status, header }) => [status, header('location')]),
    [
      [201, path],
      [201, path],
    ],
  );
  const again = await create();
  t.deepEqual([again.status, again.header('location')], [201, path]);
  t.is(again.header('upload-offset'), '6');
  t.is((await patch(path!, 6, 'world', { authorization: 'Bearer keys' })).status, 204);
  t.is(await textOf(path!), 'hello world');
  t.is((await create()).header('upload-offset'), '11');
  t.is(await count(), 1);

  const reused = await create({ 'upload-length': '12' });
  t.deepEqual([reused.status, reused.code], [422, 'idempotency-key-reused']);
  const others = await create({ authorization: 'Bearer ann' });
  t.deepEqual([others.status, others.header('location') === path], [201, false]);
  t.is((await create({ 'idempotency-key': 'other' })).status, 201);
  t.is(await count(), 2);
});

test('M1: a key whose upload is gone begins another one', async (t) => {
  const headers = { ...ANN, ...METADATA, 'idempotency-key': 'gone', 'upload-length': '5' };
  const create = async () => (await ask('POST', '/v1/uploads', headers)).header('location')!;
  const path = await create();
  t.is((await ask('DELETE', path, ANN)).status, 204);
  const next = await create();
  t.not(next, path);
  t.is(await create(), next);
  t.is(await offsetOf(next), 0);
});

// Expiration

test('M1: replies tell when the upload ends, and after that it is gone', async (t) => {
  const own = new UploadServers();
  const at = await own.start();
  t.teardown(() => own.stop());
  const headers = { ...ANN, ...METADATA, 'upload-length': '11' };
  const made = await ask('POST', `${at.url}/v1/uploads`, headers);
  const path = at.url + made.header('location')!;
  const end = Date.parse(made.header('upload-expires')!);
  t.true(Math.abs(end - Date.now() - UPLOAD_LIFETIME_MS) < 600_000);
  const written = await patch(path, 0, 'hello');
  t.is(written.header('upload-expires'), made.header('upload-expires'));
  own.laterMs = UPLOAD_LIFETIME_MS;
  t.is((await patch(path, 5, ' world')).status, 404);
  t.is((await ask('HEAD', path, ANN)).status, 404);
});

// Checksum

test('M1: a chunk with its checksum is taken, one with another is 460 and left out', async (t) => {
  const path = await begin(11);
  for (const algorithm of ['sha1', 'sha256', 'sha512', 'md5']) {
    const checksum = `${algorithm} ${createHash(algorithm).update('other').digest('base64')}`;
    const refused = await patch(path, 0, 'hello ', { 'upload-checksum': checksum });
    t.deepEqual([refused.status, refused.code], [460, 'checksum-mismatch']);
    t.is(await offsetOf(path), 0);
  }
  const checksum = `sha1 ${createHash('sha1').update('hello ').digest('base64')}`;
  const taken = await patch(path, 0, 'hello ', { 'upload-checksum': checksum });
  t.deepEqual([taken.status, taken.header('upload-offset')], [204, '6']);
  const none = `sha1 ${createHash('sha1').digest('base64')}`;
  t.is((await patch(path, 6, '', { 'upload-checksum': none })).status, 204);
  t.is((await patch(path, 6, 'world')).status, 204);
  t.is(await textOf(path), 'hello world');
});

test('M1: a checksum of an unknown algorithm is 400', async (t) => {
  const path = await begin(5);
  for (const wrong of ['crc99 AAAA', 'sha1', 'sha1 !!!', '']) {
    t.is((await patch(path, 0, 'hello', { 'upload-checksum': wrong })).status, 400, wrong);
  }
  t.is(await offsetOf(path), 0);
});

// Termination

test('M1: a terminated upload is gone, with its bytes', async (t) => {
  const path = await begin(11);
  await patch(path, 0, 'hello');
  t.is((await ask('DELETE', path, ANN)).status, 204);
  t.is((await ask('HEAD', path, ANN)).status, 404);
  t.is((await patch(path, 5, ' world')).status, 404);
  t.is((await ask('DELETE', path, ANN)).status, 404);
  t.deepEqual(await servers.blobs.list(`uploads/${idOf(path)}/`), []);
});

// Ours

test('M1: an upload is its owner’s alone', async (t) => {
  const path = await begin(5);
  for (const method of ['HEAD', 'DELETE'])
    t.is((await ask(method, path, { ...ANN, authorization: 'Bearer bob' })).status, 403);
  const chunk = { authorization: 'Bearer bob' };
  t.is((await patch(path, 0, 'hello', chunk)).status, 403);
  const nobody = await ask('POST', '/v1/uploads', { ...TUS, ...METADATA, 'upload-length': '5' });
  t.deepEqual([nobody.status, nobody.code], [401, 'unauthenticated']);
});

test('M1: pages of any origin may upload', async (t) => {
  const preflight = await ask('OPTIONS', '/v1/uploads', {
    origin: 'https://shop.example',
    'access-control-request-method': 'PATCH',
    'access-control-request-headers': 'authorization,upload-offset',
  });
  t.is(preflight.status, 204);
  t.is(preflight.header('access-control-allow-origin'), '*');
  t.true(preflight.header('access-control-allow-methods')!.includes('PATCH'));
  const exposed = (await ask('HEAD', await begin(5), ANN)).header('access-control-expose-headers');
  for (const name of ['location', 'upload-offset', 'upload-expires', 'tus-resumable'])
    t.true(exposed!.includes(name), name);
});

test('M1: of two processes that write to one upload one wins, and the other is told', async (t) => {
  const own = new UploadServers();
  const [one, two] = [await own.start(), await own.start()];
  t.teardown(() => own.stop());
  const headers = { ...ANN, ...METADATA, 'upload-length': '11' };
  const path = (await ask('POST', `${one.url}/v1/uploads`, headers)).header('location')!;
  const slow = httpRequest(one.url + path, {
    method: 'PATCH',
    headers: { ...ANN, 'content-type': CHUNK, 'upload-offset': '0', 'content-length': '11' },
  });
  const answered = new Promise<number>((resolve, reject) => {
    slow.on('response', (reply) => {
      reply.resume();
      resolve(reply.statusCode!);
    });
    slow.on('error', reject);
  });
  slow.write('hello ');
  await locked(own, path);
  const refused = await patch(two.url + path, 0, 'HELLO WORLD');
  t.deepEqual([refused.status, refused.code], [423, 'upload-locked']);
  slow.end('world');
  t.is(await answered, 204);
  t.is((await ask('HEAD', two.url + path, ANN)).header('upload-offset'), '11');
  const text = await buffer(Readable.from(own.pieces.read(idOf(path))));
  t.is(text.toString(), 'hello world');
});

test('M1: within a process the newest request goes on, and the one before is told', async (t) => {
  const path = await begin(11);
  const slow = httpRequest(server.url + path, {
    method: 'PATCH',
    headers: { ...ANN, 'content-type': CHUNK, 'upload-offset': '0', 'content-length': '11' },
  });
  const answered = new Promise<number>((resolve) => {
    slow.on('response', (reply) => {
      reply.resume();
      resolve(reply.statusCode!);
    });
    slow.on('error', () => resolve(0));
  });
  slow.write('hello ');
  await locked(servers, path);
  // It takes over: what came is written, and it is told from where to go on.
  const told = await patch(path, 11, 'x');
  t.is(told.status, 409);
  const offset = Number(told.header('upload-offset'));
  t.true(offset === 0 || offset === 6, String(offset));
  t.is(await answered, 423);
  t.is((await patch(path, offset, 'hello world'.slice(offset))).status, 204);
  t.is(await textOf(path), 'hello world');
});

test('M1: without the process behind an upload is 503, and goes on later', async (t) => {
  const own = new UploadServers();
  const at = await own.start();
  t.teardown(() => own.stop());
  const headers = { ...ANN, ...METADATA, 'upload-length': '11' };
  const path = at.url + (await ask('POST', `${at.url}/v1/uploads`, headers)).header('location')!;
  await patch(path, 0, 'hello ');
  own.isAway = true;
  t.is((await patch(path, 6, 'world')).status, 503);
  own.isAway = false;
  t.is((await patch(path, 6, 'world')).status, 204);
});

test('M2: without its blobs an upload is 503 with Retry-After, and loses nothing', async (t) => {
  const own = new UploadServers();
  const { blobs } = own;
  let isAway = false;
  own.blobs = new Proxy(blobs, {
    get(target, name: keyof typeof blobs) {
      if (isAway && name === 'put')
        return () => Promise.reject(Object.assign(new Error(), { code: 'store-unavailable' }));
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const at = await own.start();
  t.teardown(() => own.stop());
  const headers = { ...ANN, ...METADATA, 'upload-length': '11' };
  const path = at.url + (await ask('POST', `${at.url}/v1/uploads`, headers)).header('location')!;
  await patch(path, 0, 'hello ');
  isAway = true;
  const refused = await patch(path, 6, 'world');
  t.deepEqual([refused.status, refused.code], [503, 'unavailable']);
  t.not(refused.header('retry-after'), null);
  isAway = false;
  t.is((await ask('HEAD', path, ANN)).header('upload-offset'), '6');
  t.is((await patch(path, 6, 'world')).status, 204);
});

test('M1: an upload that cannot begin is 503, and is not counted afterwards', async (t) => {
  const own = new UploadServers();
  const { blobs } = own;
  const asked: string[] = [];
  own.blobs = new Proxy(blobs, {
    get(target, name: keyof typeof blobs) {
      if (name === 'put')
        return (key: string) => {
          asked.push(key);
          return Promise.reject(Object.assign(new Error(), { code: 'store-unavailable' }));
        };
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const at = await own.start();
  t.teardown(() => own.stop());
  const headers = { ...ANN, ...METADATA, 'upload-length': '11' };
  const refused = await ask('POST', `${at.url}/v1/uploads`, headers);
  t.deepEqual([refused.status, refused.code], [503, 'unavailable']);
  t.is(asked.length, 1);
  t.is(await own.store.find(asked[0]!.split('/')[1]!), null);
});
