// Bad input on the live stream, and random bytes at the port, against the whole server: error
// frames and closed connections, never a fault, and nothing changed.

import { once } from 'node:events';
import { connect } from 'node:net';
import fc from 'fast-check';
import { PROBLEMS } from '../../gateway/http/problems.ts';
import { throwAt, WRONG_BODIES } from '../gateway/bad-requests.ts';
import { LiveClient } from './live-client.ts';
import { type Schema, wrongObjects } from './malformed.ts';
import { onEachProfile } from './profiles.ts';
import type { Json } from './sale-client.ts';
import type { SaleServer } from './sale-server.ts';
import { BUYER, SmallSale } from './small-sale.ts';

/** One right message of each type, as its schema would be written. */
const MESSAGES: readonly { readonly schema: Schema; readonly right: Json }[] = [
  ...['subscribe', 'unsubscribe'].map((type) => ({
    schema: {
      required: ['type', 'topic'],
      properties: { topic: { type: 'string', minLength: 1, maxLength: 200, format: 'topic' } },
    },
    right: { type, topic: 'drop:d_0' },
  })),
  {
    schema: {
      required: ['type', 'after'],
      properties: { after: { type: 'string', minLength: 1, maxLength: 15, format: 'id' } },
    },
    right: { type: 'resume', after: '0' },
  },
  {
    schema: {
      required: ['type', 'accessToken'],
      properties: { accessToken: { type: 'string', minLength: 1, maxLength: 4096 } },
    },
    right: { type: 'authenticate', accessToken: 'x' },
  },
  { schema: { required: ['type'] }, right: { type: 'ping' } },
];

/** Fewer than the malformed messages in a row that end a stream, and than its burst. */
const MESSAGES_PER_STREAM = 8;
const MESSAGE_BYTES_MAX = 8 * 1024;

onEachProfile((test, profile) => {
  let sale: SmallSale;
  let server: SaleServer;
  test.before(async () => {
    sale = await SmallSale.open(profile);
    server = sale.server;
  });
  test.after.always(() => server?.stop());

  test.serial(
    'H8, N6: every live message, malformed in every way, is answered by an error',
    async (t) => {
      const wrong = MESSAGES.flatMap(({ schema, right }) => wrongObjects(schema, right))
        .concat(WRONG_BODIES.map(([text]) => text))
        .concat(
          '{"type":"drop.stock"}',
          '{"type":["ping"]}',
          '{"type":"PING"}',
          '{"type":"__proto__"}',
        )
        .filter((text) => Buffer.byteLength(text) <= MESSAGE_BYTES_MAX);
      t.true(wrong.length > 100);
      for (let from = 0; from < wrong.length; from += MESSAGES_PER_STREAM) {
        const client = await LiveClient.listen(t, server, BUYER);
        for (const message of wrong.slice(from, from + MESSAGES_PER_STREAM)) {
          const frame = await client.ask(message, ({ type }) => type !== 'notification');
          const context = `${message.slice(0, 200)}: ${JSON.stringify(frame)}`;
          t.is(frame.type, 'error', context);
          t.true((frame.code ?? '') in PROBLEMS, context);
        }
        await client.leave();
      }
      await sale.assertUnchanged(t);
    },
  );

  test.serial(
    'H8: frames that are binary, too long or rubbish again and again end the stream',
    async (t) => {
      const binary = await LiveClient.listen(t, server, BUYER);
      binary.socket.send(Buffer.from([1, 2, 3]));
      t.is(await binary.closed(), 1003);
      const long = await LiveClient.listen(t, server, BUYER);
      const ping = '{"type":"ping"}';
      t.is((await long.ask(ping.padEnd(MESSAGE_BYTES_MAX), () => true)).type, 'pong');
      long.send(ping.padEnd(MESSAGE_BYTES_MAX + 1));
      t.is(await long.closed(), 1009);
      const rubbish = await LiveClient.listen(t, server, BUYER);
      for (let i = 0; i < 10; i++) rubbish.send('rubbish');
      t.is(await rubbish.closed(), 4400);
    },
  );

  test.serial('N9: the longest access token arrives, and is judged', async (t) => {
    const client = await LiveClient.listen(t, server, BUYER);
    const accessToken = 'x'.repeat(4096);
    const frame = await client.ask({ type: 'authenticate', accessToken }, () => true);
    t.like(frame, { type: 'error', code: 'unauthenticated', request: 'authenticate' });
    await client.leave();
  });

  test.serial(
    'N9a: subprotocols of any text are refused or admitted, without a fault',
    async (t) => {
      const word = fc.oneof(
        fc.constantFrom('livedrops.v1', 'bearer.', `bearer.${server.token(BUYER)}`, '', ' ', '"'),
        fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^!-~]/g, '')),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 20 }), async (words) => {
          const received = await throwAt(
            server.nextPort(),
            Buffer.from(
              'GET /v1/notifications HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n' +
                'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
                'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
                `sec-websocket-protocol: ${words.join(',')}\r\n\r\n`,
            ),
            server.threads,
          );
          return /^HTTP\/1\.1 (101|400|401) /.test(received);
        }),
        { numRuns: 50 },
      );
      await sale.assertUnchanged(t);
    },
  );

  test.serial('H8: random bytes at the port bring no fault', async (t) => {
    const token = server.token(BUYER);
    const heads = [
      `POST /v1/drops/${sale.dropId}/orders HTTP/1.1\r\nhost: x\r\n` +
        `authorization: Bearer ${token}\r\nidempotency-key: bad\r\n` +
        'content-type: application/json\r\ncontent-length: 40\r\n\r\n',
      `PATCH /v1/drops/${sale.dropId} HTTP/1.1\r\nhost: x\r\n` +
        `authorization: Bearer ${token}\r\ntransfer-encoding: chunked\r\n\r\n`,
      'GET /v1/',
      '',
    ];
    const bytes = fc.tuple(fc.constantFrom(...heads), fc.uint8Array({ minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(bytes, async ([head, tail]) => {
        const thrown = Buffer.concat([Buffer.from(head), tail]);
        const received = await throwAt(server.nextPort(), thrown, server.threads);
        return !/^HTTP\/1\.1 50[0-4]/m.test(received) && !received.startsWith('unhealthy');
      }),
      { numRuns: 100 },
    );
    await sale.assertUnchanged(t);
  });

  test.serial(
    'H8: random text in a stream, and random bytes after an upgrade, bring no fault',
    async (t) => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.json({ maxDepth: 3 }), { maxLength: 5 }), async (texts) => {
          const client = await LiveClient.visit(t, server, sale.dropId);
          for (const text of texts) client.send(text.slice(0, 1000));
          await client.ask({ type: 'ping' }, ({ type }) => type === 'pong');
          await client.leave();
        }),
        { numRuns: 20 },
      );
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 500 }), async (bytes) => {
          const socket = connect({ port: server.nextPort(), host: '127.0.0.1' });
          // The server may well cut such a connection off.
          socket.on('error', () => socket.destroy());
          socket.write(
            `GET /v1/drops/${sale.dropId}/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n` +
              'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
              'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
          );
          const [head] = (await once(socket, 'data')) as [Buffer];
          t.regex(head.toString('latin1'), /^HTTP\/1\.1 101/);
          await new Promise<void>((done) => socket.write(bytes, () => done()));
          t.is((await server.get('/healthz')).status, 200);
          socket.destroy();
        }),
        { numRuns: 50 },
      );
      await sale.assertUnchanged(t);
    },
  );

  test.serial('H8: after all of this the journal holds what it held before', async (t) => {
    await sale.assertJournalUnchanged(t);
  });
});
