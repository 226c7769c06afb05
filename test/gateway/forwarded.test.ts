// What a gateway thread passes on to its main thread, and what comes back.

import test from 'ava';
import { forward, ForwardedRequests, type MainGateway } from '../../gateway/http/forwarded.ts';
import type { OutgoingReply, OutgoingStream } from '../../gateway/http/outgoing-reply.ts';
import type { IncomingRequest } from '../../gateway/http/route.ts';

const HEADERS = new Map([
  ['accept', 'text/plain'],
  ['x-empty', ''],
]);
const INCOMING: IncomingRequest = {
  method: 'POST',
  path: '/v1/x',
  query: 'a=1',
  header: (name) => HEADERS.get(name) ?? '',
  hasHeader: (name) => HEADERS.has(name),
  door: 'public',
  address: '192.0.2.1',
  gone: () => false,
  body: new Uint8Array([1, 2]),
};

/** What is asked and answered is copied, as between threads. */
function mainOf(dispatch: (incoming: IncomingRequest) => Promise<OutgoingReply>): MainGateway {
  const requests = new ForwardedRequests(dispatch);
  return {
    routes: [],
    request: async (request) => structuredClone(await requests.request(structuredClone(request))),
    chunk: async (stream) => structuredClone(await requests.chunk(stream)),
    closed: (stream) => requests.closed(stream),
  };
}

function replyOf(body: OutgoingReply['body']): OutgoingReply {
  return { status: 201, lines: 'x-line: 1', headers: [['x-own', '2']], body };
}

function streamOf(of: Partial<OutgoingStream> & Pick<OutgoingStream, 'chunks'>): OutgoingReply {
  return replyOf({ close: () => undefined, failed: () => undefined, ...of });
}

function streamIn({ body }: OutgoingReply): OutgoingStream {
  if (typeof body === 'string' || !('chunks' in body)) throw new Error('the body is no stream');
  return body;
}

test('a request arrives as it was read, and its reply as it was made', async (t) => {
  let came: IncomingRequest | null = null;
  const main = mainOf(async (incoming) => {
    came = incoming;
    return replyOf(new Uint8Array([7]));
  });
  t.deepEqual(await forward(main, INCOMING, HEADERS), replyOf(new Uint8Array([7])));
  const { header, hasHeader, gone, ...plain } = came!;
  const { header: _1, hasHeader: _2, gone: _3, ...sent } = INCOMING;
  t.deepEqual(plain, sent);
  t.deepEqual([header('accept'), header('x-empty'), header('x')], ['text/plain', '', '']);
  t.deepEqual([hasHeader('x-empty'), hasHeader('x'), gone()], [true, false, false]);
});

test('a stream is made as its client reads, and closed with its reply', async (t) => {
  const made: string[] = [];
  let isClosed = false;
  async function* chunks() {
    for (const chunk of ['a', '', 'b']) {
      made.push(chunk);
      yield chunk;
    }
  }
  const main = mainOf(async () =>
    streamOf({ chunks: chunks(), isWhole: true, close: () => (isClosed = true) }),
  );
  const body = streamIn(await forward(main, INCOMING, HEADERS));
  t.true(body.isWhole);
  t.deepEqual(made, []);
  const read: string[] = [];
  for await (const chunk of body.chunks) {
    read.push(chunk);
    t.is(made.length, read.length, 'nothing is made in advance');
    t.true(body.isAllowed!());
  }
  t.deepEqual(read, ['a', '', 'b']);
  t.false(isClosed);
  body.close();
  t.true(isClosed);
});

test('A1c: a stream that its reader may not read on says so with its chunk', async (t) => {
  let allowed = true;
  async function* chunks() {
    yield 'a';
    allowed = false;
    yield 'b';
  }
  const main = mainOf(async () => streamOf({ chunks: chunks(), isAllowed: () => allowed }));
  const body = streamIn(await forward(main, INCOMING, HEADERS));
  const seen: unknown[] = [];
  for await (const chunk of body.chunks) seen.push([chunk, body.isAllowed!()]);
  t.deepEqual(seen, [
    ['a', true],
    ['b', false],
  ]);
});

test('a stream that nobody reads on lets go of what it holds', async (t) => {
  let isEnded = false;
  let closed = 0;
  async function* chunks() {
    try {
      for (;;) yield 'a';
    } finally {
      isEnded = true;
    }
  }
  const main = mainOf(async () => streamOf({ chunks: chunks(), close: () => (closed += 1) }));
  const body = streamIn(await forward(main, INCOMING, HEADERS));
  for await (const _ of body.chunks) break;
  body.close();
  body.close();
  await new Promise(setImmediate);
  t.true(isEnded);
  t.is(closed, 1);
});

test('a stream that fails fails at both ends', async (t) => {
  const faults: unknown[] = [];
  async function* chunks() {
    yield 'a';
    throw new Error('the disk is full');
  }
  const main = mainOf(async () =>
    streamOf({ chunks: chunks(), failed: (fault) => faults.push(fault) }),
  );
  const body = streamIn(await forward(main, INCOMING, HEADERS));
  await t.throwsAsync(
    async () => {
      for await (const _ of body.chunks);
    },
    { message: 'the disk is full' },
  );
  t.is(faults.length, 1);
});
