// Uploads by the client to the real media server, through a proxy that cuts: whatever happens on
// the way, the server has the file as it is, once.

import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { randomBytes } from 'node:crypto';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { LiveDrops, MemoryStorage, ProblemError } from '../../sdk/client.ts';
import { ConnectionError } from '../../sdk/errors.ts';
import { Upload, type UploadOptions, type UploadProgress } from '../../sdk/uploads.ts';
import { UploadServers } from '../media/upload-servers.ts';
import { type Faults, FaultProxy } from './fault-proxy.ts';

const KIB = 1_024;
const FILE = randomBytes(1_100 * KIB);

let servers: UploadServers;
let url: string;
test.before(async () => {
  servers = new UploadServers();
  ({ url } = await servers.start());
});
test.after.always(() => servers?.stop());

interface Started {
  readonly upload: Upload;
  readonly told: UploadProgress[];
  /** By the methods of the protocol. */
  readonly requests: string[];
  /** Of each part that was sent, where it begins, and what was acknowledged by then. */
  readonly parts: { readonly offset: number; readonly acknowledged: number }[];
}

function start(place: string, options: Partial<UploadOptions> = {}): Started {
  const told: UploadProgress[] = [];
  const requests: string[] = [];
  const parts: Started['parts'] = [];
  const { onProgress, ...rest } = options;
  const upload = new Upload({
    client: new LiveDrops({ url, token: 'ann' }),
    file: new Blob([FILE]),
    filename: 'lamp ☼.jpg',
    purpose: 'product',
    url: `${place}/v1/uploads`,
    retryFirstMs: 1,
    fetch: (input, init) => {
      const { method, headers } = new Request(input, { ...init, body: null });
      requests.push(headers.get('x-http-method-override') ?? method);
      if (method === 'PATCH') {
        const acknowledged = told.at(-1)!.sent;
        parts.push({ offset: Number(headers.get('upload-offset')), acknowledged });
      }
      return fetch(input, init);
    },
    onProgress: (progress) => {
      told.push(progress);
      onProgress?.(progress);
    },
    ...rest,
  });
  return { upload, told, requests, parts };
}

async function storedBytes(mediaId: string): Promise<Buffer> {
  return await buffer(Readable.from(servers.pieces.read(mediaId)));
}

async function arrives(t: ExecutionContext, { upload, told }: Started, file = FILE) {
  const mediaId = await upload.done;
  t.true((await storedBytes(mediaId)).equals(file));
  t.deepEqual(told.at(-1), { sent: file.length, bytes: file.length });
  return mediaId;
}

test('M1, G4: an upload comes in parts, with progress, and is there once', async (t) => {
  const started = start(url);
  const mediaId = await arrives(t, started);
  t.deepEqual(new Set(started.requests), new Set(['POST', 'PATCH']));
  t.true(started.told.length > 3, 'more than one part');
  t.is(started.told[0]!.sent, 0);
  t.true(started.told.every(({ sent }, i) => i === 0 || sent > started.told[i - 1]!.sent));
  t.is(started.upload.state, 'ended');
  const media = await servers.useCases.get({ mediaId });
  t.like(media.ok && media.value, { ownerId: 'ann', filename: 'lamp ☼.jpg', purpose: 'product' });
});

test.serial('M1, G4: with a checksum of each part, too', async (t) => {
  await arrives(t, start(url, { checksum: true }));
});

test.serial('G4: cut anywhere, an upload goes on from what the server has', async (t) => {
  const proxy = await FaultProxy.start(t, url);
  const clean = start(proxy.url);
  await arrives(t, clean);
  const { requestBytes, replyBytes } = proxy;
  const cut: fc.Arbitrary<Faults> = fc.oneof(
    fc.record({ cutRequestAt: fc.integer({ min: 0, max: requestBytes }) }),
    fc.record({ cutReplyAt: fc.integer({ min: 0, max: replyBytes }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 3 }), async (faults) => {
      const left = [...faults];
      proxy.arm(left.shift()!);
      const connections = proxy.connections;
      const started = start(proxy.url, {
        onProgress: () => {
          // The next one, once the one before has hit, or the upload came past it.
          if (proxy.connections > connections + 1 && left.length > 0) proxy.arm(left.shift()!);
        },
      });
      await arrives(t, started);
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

test.serial('G4: what was acknowledged is not sent again', async (t) => {
  const proxy = await FaultProxy.start(t, url);
  let cuts = 0;
  const started = start(proxy.url, {
    onProgress: ({ sent }) => {
      if (sent > 0 && cuts++ === 0) proxy.arm({ cutRequestAt: 100 * KIB });
    },
  });
  await arrives(t, started);
  t.true(started.requests.includes('HEAD'));
  t.true(started.parts.length > 3);
  t.true(started.parts.every(({ offset, acknowledged }) => offset === acknowledged));
  t.is(started.requests.filter((one) => one === 'POST').length, 1);
});

test.serial('G4: an upload whose beginning got no answer is not begun twice', async (t) => {
  const proxy = await FaultProxy.start(t, url);
  const lost = start(proxy.url, { client: new LiveDrops({ url, token: 'lost' }) });
  proxy.arm({ cutReplyAt: 1 });
  await arrives(t, lost);
  t.is(lost.requests.filter((one) => one === 'POST').length, 2);
  t.is((await servers.store.ofOwner('lost', 10)).length, 1);
});

test.serial('G4: a connection that is half-dead is left after the timeout', async (t) => {
  const proxy = await FaultProxy.start(t, url);
  let silent = 0;
  const started = start(proxy.url, {
    timeoutMs: 1_500,
    onProgress: ({ sent }) => {
      if (sent === 0 || silent++ > 0) return;
      proxy.isSilent = true;
      proxy.onConnection = () => {
        proxy.isSilent = false;
      };
    },
  });
  await arrives(t, started);
  t.true(started.requests.includes('HEAD'));
});

test.serial('G4: a pause breaks off; resume goes on; the signal ends it', async (t) => {
  const paused = start(url, {
    onProgress: ({ sent }) => {
      if (sent > 0 && !paused.requests.includes('HEAD')) paused.upload.pause();
    },
  });
  await new Promise<void>((resolve) => {
    const look = setInterval(() => {
      if (paused.upload.state !== 'paused') return;
      clearInterval(look);
      resolve();
    }, 5);
  });
  const { length } = paused.requests;
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.is(paused.requests.length, length, 'nothing is sent meanwhile');
  paused.upload.resume();
  await arrives(t, paused);
  t.is(paused.requests.filter((one) => one === 'POST').length, 1);

  const reason = new Error('the page is left');
  const controller = new AbortController();
  const ended = start(url, {
    signal: controller.signal,
    onProgress: ({ sent }) => {
      if (sent === 0) return;
      ended.upload.pause();
      setTimeout(() => controller.abort(reason), 20);
    },
  });
  t.is(await t.throwsAsync(ended.upload.done), reason);
  t.is(ended.upload.state, 'ended');
});

test.serial('G4: by its kept address an upload goes on after a reload', async (t) => {
  const storage = new MemoryStorage();
  const kept = { storage, key: 'lamp' };
  const controller = new AbortController();
  const first = start(url, {
    ...kept,
    signal: controller.signal,
    onProgress: ({ sent }) => {
      if (sent > 0) controller.abort();
    },
  });
  await t.throwsAsync(first.upload.done);
  const second = start(url, kept);
  await arrives(t, second);
  t.is(second.requests[0], 'HEAD');
  t.true(second.told[0]!.sent > 0);
  t.false(second.requests.includes('POST'));

  const third = start(url, kept);
  await arrives(t, third);
  t.is(third.requests[0], 'POST', 'it was finished, and is forgotten');
  t.is(storage.getItem('livedrops:uploads'), null);
});

test.serial('G4: an upload that ended, or is another user’s, is begun anew', async (t) => {
  const storage = new MemoryStorage();
  const kept = { storage, key: 'lamp' };
  const leave = async (): Promise<string> => {
    const controller = new AbortController();
    const onProgress = ({ sent }: UploadProgress): void => void (sent > 0 && controller.abort());
    const left = start(url, { ...kept, signal: controller.signal, onProgress });
    await t.throwsAsync(left.upload.done);
    const [one] = JSON.parse(storage.getItem('livedrops:uploads')!) as { url: string }[];
    return one!.url;
  };
  const address = await leave();
  await fetch(address, {
    method: 'DELETE',
    headers: { 'tus-resumable': '1.0.0', authorization: 'Bearer ann' },
  });
  const anew = start(url, kept);
  t.not(await arrives(t, anew), address.split('/').at(-1));
  t.deepEqual(anew.requests.slice(0, 2), ['HEAD', 'POST']);

  await leave();
  const other = start(url, { ...kept, client: new LiveDrops({ url, token: 'bo' }) });
  const mediaId = await arrives(t, other);
  const media = await servers.useCases.get({ mediaId });
  t.like(media.ok && media.value, { ownerId: 'bo' });
});

test.serial('G4: a token that ended is renewed; refusals and too many tries end it', async (t) => {
  const asked: (string | undefined)[] = [];
  const token = (refused?: string): string => {
    asked.push(refused);
    return refused === undefined && asked.length === 1 ? 'of-nobody' : 'ann';
  };
  await arrives(t, start(url, { client: new LiveDrops({ url, token }) }));
  t.is(asked[1], 'of-nobody');

  const stranger = start(url, { client: new LiveDrops({ url, token: 'of-nobody' }) });
  t.like(await t.throwsAsync(stranger.upload.done, { instanceOf: ProblemError }), {
    code: 'unauthenticated',
  });
  const empty = start(url, { file: new Blob([]) });
  await t.throwsAsync(empty.upload.done, { instanceOf: ProblemError });
  t.is(empty.requests.length, 1);

  const proxy = await FaultProxy.start(t, url);
  proxy.isDown = true;
  const lost = start(proxy.url, { triesMax: 3 });
  await t.throwsAsync(lost.upload.done, { instanceOf: ConnectionError });
  t.is(lost.requests.length, 3);
});

test.serial('G4: while the process behind is away, an upload waits', async (t) => {
  let times = 0;
  const started = start(url, {
    onProgress: ({ sent }) => {
      if (sent === 0 || times++ > 0) return;
      servers.refusalsLeft = 4;
      servers.isAway = true;
    },
  });
  await arrives(t, started);
  t.is(servers.refusalsLeft, 0);
});
