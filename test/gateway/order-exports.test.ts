// GET /v1/drops/{id}/orders/export over real sockets: backpressure, bounds, and every way it ends
// (O9a).

import { once } from 'node:events';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { OrderExports, type OpenExport } from '../../app/order-exports.ts';
import { success } from '../../domain/refusal.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { drop, FakeRouter, type Fixture, startFixture } from './fixture.ts';

const PATH = '/v1/drops/drp_1/orders/export';
const CHUNK = 'x'.repeat(256 * 1024);

/** Exports of as many chunks; a fault after them where one is given. */
class Source {
  made = 0;
  closed = 0;
  readonly #chunks: number;
  readonly #fault: Error | null;

  constructor(chunks: number, fault: Error | null = null) {
    this.#chunks = chunks;
    this.#fault = fault;
  }

  readonly open: OpenExport = async () => ({
    version: 3,
    orders: 1,
    at: () => 1,
    chunks: this.#read(),
    close: () => void (this.closed += 1),
  });

  async *#read(): AsyncGenerator<string> {
    for (let i = 0; i < this.#chunks; i++) {
      this.made += 1;
      yield CHUNK;
    }
    if (this.#fault !== null) throw this.#fault;
  }
}

async function start(t: ExecutionContext, source: { readonly open: OpenExport }): Promise<Fixture> {
  const { catalogue } = memoryStores();
  const router = new FakeRouter();
  router.answer = () => success(drop);
  const exports = new OrderExports({ catalogue, router, open: source.open });
  return await startFixture(t, { exports });
}

function read(fixture: Fixture, as = 'creator'): Promise<Response> {
  return fetch(`http://127.0.0.1:${fixture.port}${PATH}`, {
    headers: { authorization: `Bearer valid.${as}` },
    signal: AbortSignal.timeout(20_000),
  });
}

/** A client that reads nothing of its reply. */
async function readNothing(t: ExecutionContext, { port }: Fixture) {
  const socket = connect({ port, host: '127.0.0.1' });
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET ${PATH} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer valid.creator\r\n\r\n`);
  return socket;
}

test('O9a: an export is sent whole, and ends once', async (t) => {
  const source = new Source(20);
  const reply = await read(await start(t, source));
  t.is(reply.status, 200);
  t.is((await reply.text()).length, 20 * CHUNK.length);
  t.is(reply.headers.get('cache-control'), 'no-store');
  await eventually(
    async () => source.closed,
    (closed) => closed > 0,
  );
  t.is(source.closed, 1);
});

test('O9a: nothing is made for a client that does not read, and its end ends the export', async (t) => {
  const source = new Source(10_000);
  const socket = await readNothing(t, await start(t, source));
  let before = 0;
  let same = 0;
  // Until the buffers of the connection are full.
  await eventually(
    async () => {
      same = source.made === before ? same + 1 : 0;
      before = source.made;
      return before > 0 && same === 10;
    },
    (full) => full,
  );
  t.true(source.made < 200, `${source.made} chunks`);
  socket.destroy();
  await eventually(
    async () => source.closed,
    (closed) => closed === 1,
  );
  t.is(source.closed, 1);
});

test('O9a: a fault in the middle breaks the reply off instead of ending it well', async (t) => {
  const source = new Source(2, new StoreUnavailableError('away'));
  const reply = await read(await start(t, source));
  t.is(reply.status, 200);
  await t.throwsAsync(reply.text());
  await eventually(
    async () => source.closed,
    (closed) => closed === 1,
  );
  t.is(source.closed, 1);
});

test('O9a, J7: a store that is away, and a drop that is not there, are problems', async (t) => {
  const away = { open: () => Promise.reject(new StoreUnavailableError('away')) };
  const none = { open: () => Promise.resolve(null) };
  t.is((await read(await start(t, away))).status, 503);
  const fixture = await start(t, none);
  // The slot of each is free again.
  for (let i = 0; i < 5; i++) t.is((await read(fixture)).status, 404);
});

test('O9a, H6: exports at once are bounded for each user and in all', async (t) => {
  const source = new Source(10_000);
  const fixture = await start(t, source);
  const open = [await readNothing(t, fixture), await readNothing(t, fixture)];
  await eventually(
    async () => source.made,
    (made) => made > 2,
  );
  const third = await read(fixture);
  t.deepEqual([third.status, third.headers.get('retry-after')], [429, '5']);
  t.is((await read(fixture, 'stranger')).status, 403);
  open[0]!.destroy();
  const freed = await eventually(
    async () => {
      const reply = await read(fixture);
      await reply.body?.cancel();
      return reply.status;
    },
    (status) => status === 200,
  );
  t.is(freed, 200);
});

test('A1c, O9a: an export is cut off when its reader’s session ends', async (t) => {
  const source = new Source(10_000);
  const fixture = await start(t, source);
  const reply = await read(fixture);
  // Tokens of the fixture end after 15 minutes.
  fixture.time += 16 * 60_000;
  await t.throwsAsync(reply.text());
  t.true(source.made < 10_000);
});

test('O9a: a server that stops cuts an export off', async (t) => {
  const source = new Source(10_000);
  const fixture = await start(t, source);
  const reply = await read(fixture);
  const text = reply.text();
  await fixture.gateway.stop();
  await t.throwsAsync(text);
  t.is(source.closed, 1);
});
