// The bytes of a request as an upload reads them.

import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { giveBack, readBody } from '../../media/uploads/upload-body.ts';

const MIB = 1024 * 1024;
const bodyOf = (chunks: Iterable<Buffer> | AsyncIterable<Buffer>) =>
  Readable.from(chunks) as unknown as IncomingMessage;

test('M1: a body that was read is not kept', async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const chunks = (function* () {
    for (let i = 0; i < 256; i++) yield Buffer.alloc(MIB, 1);
  })();
  const { signal } = new AbortController();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  let bytes = 0;
  for await (const chunk of readBody(bodyOf(chunks), 256 * MIB, signal)) {
    bytes += chunk.length;
    if (bytes % (64 * MIB) !== 0) continue;
    // Reactions of promises are let go of in turns of their own.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  t.is(bytes, 256 * MIB);
  t.true(most < 96 * MIB, `${most} bytes`);
});

test('M1: what was written is given back at once, and nothing that is a part of something', (t) => {
  const own = Buffer.from(new Uint8Array(64 * 1024).fill(7).buffer);
  const shared = own.buffer.slice(0);
  const part = Buffer.from(shared, 16, 32);
  giveBack({ chunks: [own, part], bytes: own.length + part.length, end: null });
  t.is(own.length, 0);
  t.deepEqual([part.length, part[0]], [32, 7]);
});

test('M1: a body that hangs ends with its signal, and one that broke is told', async (t) => {
  const ended = new AbortController();
  const hanging = readBody(bodyOf(new Readable({ read: () => undefined })), 9, ended.signal);
  const read = hanging.next();
  setImmediate(() => ended.abort(new Error('the lock is lost')));
  await t.throwsAsync(read, { message: 'the lock is lost' });
  const broken = new Readable({ read: () => undefined });
  const gone = readBody(broken as unknown as IncomingMessage, 9, new AbortController().signal);
  const first = gone.next();
  setImmediate(() => broken.destroy(new Error('reset')));
  await t.throwsAsync(first, { code: 'client-gone' });
});
