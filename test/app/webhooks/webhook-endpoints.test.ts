// A webhook's call over the real client, to endpoints that misbehave: redirects, answers without an
// end, closed connections, addresses that lead inside.

import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { callWebhook } from '../../../app/webhooks/webhook-call.ts';
import { AddressRule } from '../../../events/outbound/address-rule.ts';
import { type Network, parseNetwork } from '../../../events/outbound/network.ts';
import { OutboundClient } from '../../../events/outbound/outbound-client.ts';
import { answer, WebhookReceiver } from '../../servers/webhook-receiver.ts';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const ON_LOOPBACK = new AddressRule([parseNetwork('127.0.0.0/8') as Network]);
const NEVER = new AbortController().signal;

function caller(t: ExecutionContext, outbound = new OutboundClient({ rule: ON_LOOPBACK })) {
  t.teardown(() => outbound.close());
  const options = { outbound, now: () => Date.now(), monotonic: () => performance.now() };
  return (url: string) => {
    const webhook = { url, secrets: [{ secret: SECRET, endsAt: null }] };
    return callWebhook(options, { webhook, messageId: 'msg_1', body: '{"type":"x"}' }, NEVER);
  };
}

async function receiver(t: ExecutionContext): Promise<WebhookReceiver> {
  const started = await WebhookReceiver.start();
  t.teardown(() => started.stop());
  started.secrets = [SECRET];
  return started;
}

async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer(listener);
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => undefined);
    sockets.add(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('R3: a redirect is a failure, and nobody is called at its address', async (t) => {
  const [first, second] = [await receiver(t), await receiver(t)];
  first.behave = answer(307, { location: second.url });
  t.like(await caller(t)(first.url), {
    isSent: false,
    attempt: { status: 307, reason: 'redirect' },
  });
  t.true(first.calls[0]!.isVerified);
  t.is(second.calls.length, 0);
});

for (const status of [200, 500])
  test(`R3: of an answer ${status} without an end only the beginning is read`, async (t) => {
    const ended = Promise.withResolvers<void>();
    const url = await serve(t, (request, response) => {
      request.resume();
      response.on('error', () => undefined);
      response.on('close', () => ended.resolve());
      response.writeHead(status);
      void (async () => {
        while (!response.destroyed) {
          if (!response.write('x'.repeat(65_536)))
            await Promise.race([once(response, 'drain'), once(response, 'close')]);
          await setImmediate();
        }
      })();
    });
    const outcome = await caller(t)(url);
    t.is(outcome?.isSent, status === 200);
    t.is(outcome?.attempt.status, status);
    t.is(outcome?.attempt.excerpt, status === 200 ? null : 'x'.repeat(200));
    // The connection is given up.
    await ended.promise;
  });

test('R3: a connection that closes without an answer is a failure', async (t) => {
  const url = await serve(t, (request) => void request.socket.destroy());
  t.like(await caller(t)(url), { isSent: false, attempt: { status: null, reason: 'closed' } });
});

test('R3: a name that leads inside is not called', async (t) => {
  const inside = await receiver(t);
  const { port } = new URL(inside.url);
  const rule = new AddressRule([]);
  const outbound = new OutboundClient({ rule, resolve: () => Promise.resolve(['127.0.0.1']) });
  t.like(await caller(t, outbound)(`https://shop.example:${port}/`), {
    isSent: false,
    attempt: { status: null, reason: 'refused-address' },
  });
  t.is(inside.calls.length, 0);
});
