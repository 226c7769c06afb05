// Clients that bring or take their bytes slowly hold a bounded part of what there is, and for a
// bounded time; a quick one beside them is served. Slow clients come from an address of their own.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { MediaServer, type MediaServerOptions } from '../../media/media-server.ts';
import { LeastRate } from '../../media/transfers/least-rate.ts';
import { TransferSlots } from '../../media/transfers/transfer-slots.ts';
import { variantKey } from '../../media/variants/recipes.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { startBucket } from '../storage/bucket.ts';
import { S3Blobs } from '../../storage/blobs/blobs-s3.ts';
import { DeliveryFixture } from './delivery-fixture.ts';
import { UploadServers } from './upload-servers.ts';

const SLOW = '127.0.0.2';
const FILM = { name: 'video-1', extension: 'mp4' } as const;
const PICTURE = { name: 'w320-1', extension: 'webp' } as const;
const digest = () => randomBytes(32).toString('hex');
const turn = () => new Promise((resolve) => void setTimeout(resolve, 5));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** A connection from the slow address. Nothing of what comes is read. */
async function slowSocket(t: ExecutionContext, port: number, text: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: SLOW });
  socket.on('error', () => undefined);
  socket.pause();
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

test('slots are bounded in all, and by client', (t) => {
  const slots = new TransferSlots({ max: 3, clientMax: 2 });
  t.deepEqual(
    ['ann', 'ann', 'ann', 'ben', 'cleo'].map((client) => slots.begin(client)),
    [true, true, false, true, false],
  );
  slots.end('ann');
  t.is(slots.count, 2);
  t.true(slots.begin('cleo'));
  slots.end('ann');
  t.true(slots.begin('ann'));
});

test('who waits for a slot gets it in turn, past clients that have the most', async (t) => {
  const clock = new ManualClock(0);
  const slots = new TransferSlots({ max: 3, clientMax: 2 });
  const bounds = { max: 4, clientMax: 3, waitMs: 1_000 };
  const got: string[] = [];
  const begin = async (client: string, name: string) => {
    const hasSlot = await slots.beginInTurn(client, bounds, clock);
    got.push(`${name} ${hasSlot}`);
  };
  const begun = [
    begin('ann', 'a1'),
    begin('ann', 'a2'),
    begin('ann', 'a3'),
    begin('ann', 'a4'),
    begin('ben', 'b1'),
    begin('ben', 'b2'),
    begin('ann', 'a5'),
    begin('ann', 'a6'),
    begin('cleo', 'c1'),
  ];
  await turn();
  t.deepEqual(got, ['a1 true', 'a2 true', 'b1 true', 'a6 false', 'c1 false'], 'and bounded');
  t.deepEqual([slots.count, slots.waiting], [3, 4]);
  slots.end('ben');
  slots.end('ann');
  slots.end('ben');
  await turn();
  t.deepEqual(got.slice(5), ['b2 true', 'a3 true'], 'ann waits while she has the most');
  t.false(slots.begin('ann'), 'nobody overtakes');
  await clock.advance(1_000);
  await Promise.all(begun);
  t.deepEqual(got.slice(7), ['a4 false', 'a5 false'], 'not for ever');
  t.is(slots.waiting, 0);
  slots.end('ann');
  slots.end('ann');
  t.is(slots.count, 0);
});

test('M4: more uploads than may bring bytes at once are all served, in turn', async (t) => {
  const servers = new UploadServers();
  t.teardown(() => servers.stop());
  const { url, uploads } = await servers.start({ bounds: { max: 4, clientMax: 3 } });
  const headers = { authorization: 'Bearer ann', 'tus-resumable': '1.0.0' };
  const file = randomBytes(300_000);
  const metadata = `filename ${btoa('a.jpg')},purpose ${btoa('product')}`;
  let most = 0;
  const upload = async () => {
    const begun = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { ...headers, 'upload-length': '300000', 'upload-metadata': metadata },
    });
    const sending = fetch(url + begun.headers.get('location')!, {
      method: 'PATCH',
      headers: {
        ...headers,
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      },
      body: file,
    });
    most = Math.max(most, uploads.writes);
    return (await sending).status;
  };
  const statuses = await Promise.all(Array.from({ length: 40 }, upload));
  t.deepEqual(
    statuses,
    Array.from({ length: 40 }, () => 204),
  );
  t.true(most <= 3);
  t.is(servers.received.length, 40);
  t.deepEqual([uploads.writes, uploads.waiting], [0, 0]);
});

test('a client is too slow by the time in which it is waited for', async (t) => {
  const clock = new ManualClock(0);
  let [isWaiting, moved, slow] = [true, 0, 0];
  const rate = new LeastRate({
    isWaiting: () => isWaiting,
    moved: () => moved,
    onSlow: () => void (slow += 1),
    pace: { windowMs: 1_000, bytesMin: 100 },
    clock,
  });
  // As fast as it must be, again and again.
  for (let second = 0; second < 10; second++) {
    moved += 100;
    await clock.advance(1_000);
  }
  t.is(slow, 0);
  // The store is slow, the client is not.
  isWaiting = false;
  await clock.advance(60_000);
  t.is(slow, 0);
  isWaiting = true;
  moved += 99;
  await clock.advance(900);
  t.is(slow, 0);
  await clock.advance(200);
  t.is(slow, 1);
  rate.stop();
  await clock.advance(60_000);
  t.is(slow, 1, 'once');
});

for (const kind of ['folder', 'bucket'] as const)
  test(`M4: who reads slowly from a ${kind} holds up nobody else, and is cut`, async (t) => {
    const bucket = kind === 'bucket' ? await startBucket() : null;
    const blobs = bucket === null ? null : new S3Blobs(bucket.options);
    const fixture = new DeliveryFixture({
      ...(blobs !== null && { blobs }),
      bounds: { max: 8, clientMax: 6 },
      pace: { windowMs: 4_000, bytesMin: 1_000 },
    });
    await fixture.start();
    try {
      const put = async (variant: typeof FILM | typeof PICTURE, bytes: number) => {
        const sha256 = digest();
        const body = Readable.from([randomBytes(bytes)]);
        const key = variantKey(sha256, variant);
        await (blobs ?? fixture.blobs).put(key, body, { bytesMax: bytes });
        return `/m/${sha256}/${variant.name}.${variant.extension}`;
      };
      const film = await put(FILM, 2 ** 25);
      const picture = await put(PICTURE, 5_000);
      const head = `GET ${film} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const slow: Socket[] = [];
      for (let i = 0; i < 6; i++) slow.push(await slowSocket(t, fixture.port, head));
      await until(() => fixture.delivery.transfers === 6);
      // The seventh of that address is refused; it reads what it is told.
      const refused = await slowSocket(t, fixture.port, head);
      const [told] = (await once(refused.resume(), 'data')) as [Buffer];
      t.regex(told.toString(), /^HTTP\/1\.1 503 /);
      refused.destroy();
      for (let i = 0; i < 40; i++) {
        const { status, body } = await fixture.ask(picture);
        t.deepEqual([status, body.length], [200, 5_000]);
      }
      await until(() => fixture.delivery.transfers === 0);
      for (const socket of slow) if (!socket.closed) await once(socket.resume(), 'close');
    } finally {
      await fixture.stop();
      await bucket?.stop();
    }
  });

test('M4: who uploads slowly holds up nobody else, and is cut with what came', async (t) => {
  const servers = new UploadServers();
  t.teardown(() => servers.stop());
  const { url, uploads } = await servers.start({
    bounds: { max: 4, clientMax: 3 },
    waiting: { max: 4, clientMax: 1, waitMs: 60_000 },
    pace: { windowMs: 4_000, bytesMin: 1_000 },
  });
  const headers = { authorization: 'Bearer ann', 'tus-resumable': '1.0.0' };
  const file = randomBytes(100_000);
  const begin = async () => {
    const metadata = `filename ${btoa('a.jpg')},purpose ${btoa('product')}`;
    const begun = await fetch(`${url}/v1/uploads`, {
      method: 'POST',
      headers: { ...headers, 'upload-length': '100000', 'upload-metadata': metadata },
    });
    return begun.headers.get('location')!;
  };
  const port = Number(new URL(url).port);
  const patchHead = (path: string) =>
    `PATCH ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ann\r\nTus-Resumable: 1.0.0\r\n` +
    'Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\n' +
    'Content-Length: 100000\r\n\r\nabc';
  const paths = [await begin(), await begin(), await begin()];
  const slow: Socket[] = [];
  for (const path of paths) slow.push(await slowSocket(t, port, patchHead(path)));
  await until(() => uploads.writes === 3);
  paths.push(await begin());
  slow.push(await slowSocket(t, port, patchHead(paths.at(-1)!)));
  await until(() => uploads.waiting === 1);
  const refused = await slowSocket(t, port, patchHead(await begin()));
  const [told] = (await once(refused.resume(), 'data')) as [Buffer];
  t.regex(told.toString(), /^HTTP\/1\.1 503 /);
  for (let i = 0; i < 10; i++) {
    const path = await begin();
    const sent = await fetch(url + path, {
      method: 'PATCH',
      headers: {
        ...headers,
        'upload-offset': '0',
        'content-type': 'application/offset+octet-stream',
      },
      body: file,
    });
    t.is(sent.status, 204);
  }
  await until(() => uploads.writes === 0);
  for (const socket of slow) if (!socket.closed) await once(socket.resume(), 'close');
  for (const path of paths) {
    const at = await fetch(url + path, { method: 'HEAD', headers });
    t.is(at.headers.get('upload-offset'), '3', 'what came is kept');
  }
});

async function serverOf(t: ExecutionContext, options: Partial<MediaServerOptions>) {
  const server = new MediaServer({
    host: '127.0.0.1',
    port: 0,
    handlers: [
      async (request, response) => {
        if (request.url !== '/') return false;
        response.end('here');
        return true;
      },
    ],
    problem: () => ({ status: 404, body: '{}' }),
    log: pino({ level: 'silent' }),
    ...options,
  });
  const port = await server.start();
  t.teardown(() => server.stop());
  return port;
}

test('M4: one peer has a bounded number of connections', async (t) => {
  const port = await serverOf(t, { connectionsOfPeerMax: 3 });
  const slow: Socket[] = [];
  for (let i = 0; i < 3; i++) slow.push(await slowSocket(t, port, 'GET / HTTP/1.1\r\n'));
  const fourth = await slowSocket(t, port, 'GET / HTTP/1.1\r\n');
  await once(fourth.resume(), 'close');
  t.is((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
  for (const socket of slow) socket.destroy();
  // Their room is free again.
  for (;;) {
    const again = await slowSocket(t, port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const [data] = await Promise.race([once(again.resume(), 'data'), once(again, 'close')]);
    again.destroy();
    if (data instanceof Buffer) return t.regex(data.toString(), /^HTTP\/1\.1 200 /);
  }
});

test('M4: a body that goes on after its answer ends', async (t) => {
  const port = await serverOf(t, { restOfBodyMs: 200 });
  const socket = await slowSocket(
    t,
    port,
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc',
  );
  const [data] = (await once(socket.resume(), 'data')) as [Buffer];
  t.regex(data.toString(), /^HTTP\/1\.1 200 /);
  await once(socket, 'close');
  t.pass();
});
