// The thread that sends pushes, and the keys that a node makes for them.

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { systemClock } from '../../actors/clock.ts';
import { loadConfig } from '../../composition/config.ts';
import { createPush, type NodePush, pushContact } from '../../composition/push.ts';
import type { PushMessage } from '../../events/push/push-sender.ts';
import { MemoryVapidKeys } from '../../storage/memory/vapid-keys-memory.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { PushBrowser } from '../push/browser.ts';
import { PushServiceStandIn } from '../push/push-service-stand-in.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const MESSAGE: PushMessage = {
  payload: '{"type":"drop-started"}',
  ttlSeconds: 60,
  topic: null,
  urgency: 'normal',
};

/** For a machine that does much else meanwhile. */
const RESTART_MAX_MS = 30_000;

function node(t: ExecutionContext): NodePush {
  const data = temporaryDirectory();
  t.teardown(() => removeDirectory(data));
  const config = loadConfig({
    LIVEDROPS_DATA: data,
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
    LIVEDROPS_LOG: 'silent',
  });
  const push = createPush({
    config,
    stores: { vapidKeys: new MemoryVapidKeys() },
    meter: new SaleMeter(),
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  t.teardown(() => push.stop());
  return push;
}

async function standIn(t: ExecutionContext): Promise<PushServiceStandIn> {
  const service = await PushServiceStandIn.start('http');
  t.teardown(() => service.stop());
  return service;
}

test('R1: messages go by a thread, each with the key that its browser subscribed with', async (t) => {
  const push = node(t);
  const service = await standIn(t);
  const { keyId, publicKey } = await push.keys.present();
  const browser = new PushBrowser();
  const payloads = Array.from({ length: 50 }, (_, index) => `${index}`.padStart(2, '0'));
  const results = await Promise.all(
    payloads.map((payload) =>
      push.sender.send(service.target(browser, keyId), { ...MESSAGE, payload }),
    ),
  );
  t.true(results.every(({ outcome }) => outcome === 'sent'));
  t.deepEqual(service.received.map(({ body }) => browser.read(body)).sort(), payloads);
  for (const { headers } of service.received)
    t.true(headers.authorization?.endsWith(`k=${publicKey}`));
  const unknown = await push.sender.send(service.target(browser, 'no-such-key'), MESSAGE);
  t.deepEqual(unknown, { outcome: 'failed', reason: 'unknown-key' });
  t.deepEqual(
    push.sample.messages(),
    [
      { service: 'other', outcome: 'unknown-key', count: 1 },
      { service: 'other', outcome: 'sent', count: 50 },
    ].reverse(),
  );
  t.is(push.sample.underWay(), 0);
});

test('R1: a message that is given up, or under way at the stop, has a result', async (t) => {
  const push = node(t);
  const service = await standIn(t);
  service.behave = () => 'hang';
  const { keyId } = await push.keys.present();
  const target = service.target(new PushBrowser(), keyId);
  const aborted = { outcome: 'failed', retryAfterMs: 0, reason: 'aborted' } as const;
  t.deepEqual(await push.sender.send(target, MESSAGE, AbortSignal.timeout(50)), aborted);
  t.deepEqual(await push.sender.send(target, MESSAGE, AbortSignal.abort()), aborted);
  const held = push.sender.send(target, MESSAGE);
  while (service.received.length === 0) await new Promise(setImmediate);
  await push.stop();
  t.is((await held).outcome, 'failed');
  t.is((await push.sender.send(target, MESSAGE)).outcome, 'failed');
});

test('R1: a thread that dies is started again, and what it had is told', async (t) => {
  const push = node(t);
  const service = await standIn(t);
  service.behave = ({ path }) => (path.endsWith('held') ? 'hang' : { status: 201 });
  const { keyId } = await push.keys.present();
  const browser = new PushBrowser();
  const held = push.sender.send(service.target(browser, keyId, 'held'), MESSAGE);
  while (service.received.length === 0) await new Promise(setImmediate);
  // What no caller with types can give: a defect in the thread.
  const wrong = { ...service.target(browser, keyId), p256dh: 5 as unknown as string };
  const ended = { outcome: 'failed', retryAfterMs: 1_000, reason: 'thread-ended' } as const;
  t.deepEqual(await push.sender.send(wrong, MESSAGE), ended);
  t.deepEqual(await held, ended);
  const sent = await eventually(
    () => push.sender.send(service.target(browser, keyId), MESSAGE),
    ({ outcome }) => outcome === 'sent',
    RESTART_MAX_MS,
  );
  t.is(sent.outcome, 'sent');
});

test('R1: an endpoint inside the network is told when a browser subscribes', async (t) => {
  const push = node(t);
  t.is(await push.endpointProblem('http://127.0.0.1:8080/push'), null);
  t.regex((await push.endpointProblem('https://10.0.0.1/push'))!, /cannot be reached/);
  t.regex((await push.endpointProblem('https://a@shop.example/push'))!, /names a user/);
});

test('R1: push services are told where to reach whoever sends', (t) => {
  const mail = (from: string) => ({ smtpUrl: null, folder: '/', from });
  const shop = mail('Shop <no-reply@shop.example>');
  t.is(pushContact({ publicUrl: 'https://shop.example', mail: shop }), 'https://shop.example');
  t.is(pushContact({ publicUrl: null, mail: shop }), 'mailto:no-reply@shop.example');
  t.is(
    pushContact({ publicUrl: 'http://127.0.0.1:8080', mail: mail('a@shop.example') }),
    'mailto:a@shop.example',
  );
});
