// Sending pushes to services on loopback, over HTTP/2 and HTTP/1.1, that behave and misbehave.

import { constants } from 'node:http2';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import { AddressRule } from '../../../events/outbound/address-rule.ts';
import { type Network, parseNetwork } from '../../../events/outbound/network.ts';
import { OutboundClient } from '../../../events/outbound/outbound-client.ts';
import { FAILURES_TO_OPEN } from '../../../events/push/circuit-breaker.ts';
import { PUSH_PAYLOAD_BYTES_MAX } from '../../../events/push/message-encryption.ts';
import { PAUSE_MAX_MS } from '../../../events/push/service-pause.ts';
import { PushServices, type PushServicesOptions } from '../../../events/push/push-services.ts';
import type { PushMessage, PushResult, PushTarget } from '../../../events/push/push-sender.ts';
import { newVapidKey, VapidTokens } from '../../../events/push/vapid.ts';
import { WebPush } from '../../../events/push/web-push.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { PushBrowser } from '../../push/browser.ts';
import {
  type Behaviour,
  PushServiceStandIn,
  type StandInProtocol,
} from '../../push/push-service-stand-in.ts';
import { LOOPBACK_CERTIFICATE } from '../../servers/certificates/loopback-certificate.ts';

/** Of a machine that does much else meanwhile; and where a reply is waited for in vain. */
const TIMEOUT_MS = 40_000;
const SHORT_TIMEOUT_MS = 400;
const PROTOCOLS: readonly StandInProtocol[] = ['h2', 'https', 'http'];
const MESSAGE: PushMessage = {
  payload: '{"title":"It has begun"}',
  ttlSeconds: 600,
  topic: 'drop-d1',
  urgency: 'high',
};
const key = newVapidKey(0);
const browser = new PushBrowser();

type Send = (target: PushTarget, message?: Partial<PushMessage>) => Promise<PushResult>;

function sender(
  t: ExecutionContext,
  options: Partial<PushServicesOptions> & {
    readonly allow?: string;
    /** Where the connections of an origin go. */
    readonly connectTo?: (origin: string) => string;
  } = {},
): { readonly send: Send; readonly webPush: WebPush; readonly services: PushServices } {
  const { allow = '127.0.0.0/8' } = options;
  const outbound = new OutboundClient({
    rule: new AddressRule([parseNetwork(allow) as Network]),
    authorities: LOOPBACK_CERTIFICATE,
    connectTimeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  });
  const { connectTo } = options;
  if (connectTo !== undefined) {
    const connect = outbound.connector.connect.bind(outbound.connector);
    outbound.connector.connect = (origin, ...rest) => connect(connectTo(origin), ...rest);
  }
  const services = new PushServices({
    outbound,
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
    waitMaxMs: TIMEOUT_MS,
    ...options,
  });
  const tokens = new VapidTokens({ contact: 'mailto:shop@example.com', now: Date.now });
  const webPush = new WebPush({ services, tokens });
  t.teardown(async () => {
    await services.close();
    await outbound.close();
  });
  return {
    services,
    webPush,
    send: (target, message = {}) => webPush.send(target, { ...MESSAGE, ...message }, key),
  };
}

async function service(
  t: ExecutionContext,
  protocol: StandInProtocol,
  behave?: Behaviour | PushServiceStandIn['behave'],
): Promise<PushServiceStandIn> {
  const standIn = await PushServiceStandIn.start(protocol);
  t.teardown(() => standIn.stop());
  if (behave !== undefined) standIn.behave = typeof behave === 'function' ? behave : () => behave;
  return standIn;
}

for (const protocol of PROTOCOLS) {
  test(`R1: a message over ${protocol} is for its browser, with what the service needs`, async (t) => {
    const { send } = sender(t);
    const standIn = await service(t, protocol);
    t.deepEqual(await send(standIn.target(browser, key.keyId)), { outcome: 'sent' });
    const [message] = standIn.received;
    t.is(message!.path, '/push/one');
    t.like(message!.headers, {
      ttl: '600',
      topic: 'drop-d1',
      urgency: 'high',
      'content-encoding': 'aes128gcm',
      'content-length': String(message!.body.length),
    });
    t.regex(message!.headers.authorization ?? '', /^vapid t=[^ ,]+, k=B[\w-]{86}$/);
    t.is(browser.read(message!.body), MESSAGE.payload);
    await send(standIn.target(browser, key.keyId), { topic: null });
    t.is(standIn.received[1]!.headers['topic'], undefined);
  });

  test(`R1: over ${protocol} each status has its outcome`, async (t) => {
    const { send } = sender(t);
    const standIn = await service(t, protocol, ({ path }) => ({
      status: Number(path.split('/').at(-1)),
    }));
    const outcomes: Readonly<Record<string, Partial<PushResult>>> = {
      200: { outcome: 'sent' },
      201: { outcome: 'sent' },
      202: { outcome: 'sent' },
      404: { outcome: 'gone', reason: 'status-404' },
      410: { outcome: 'gone', reason: 'status-410' },
      413: { outcome: 'too-large', reason: 'status-413' },
      429: { outcome: 'rate-limited', retryAfterMs: 5_000, reason: 'status-429' },
      500: { outcome: 'failed', retryAfterMs: 5_000, reason: 'status-500' },
      503: { outcome: 'failed', retryAfterMs: 5_000, reason: 'status-503' },
      302: { outcome: 'failed', reason: 'status-302' },
      400: { outcome: 'failed', reason: 'status-400' },
      403: { outcome: 'failed', reason: 'status-403' },
    };
    for (const [status, outcome] of Object.entries(outcomes))
      t.deepEqual(await send(standIn.target(browser, key.keyId, status)), outcome as PushResult);
  });

  test(`R1: over ${protocol} a service that hangs or ends delays no other`, async (t) => {
    const { send } = sender(t, { timeoutMs: SHORT_TIMEOUT_MS });
    const patient = sender(t).send;
    const hangs = await service(t, protocol, 'hang');
    const resets = await service(t, protocol, 'reset');
    const well = await service(t, protocol);
    t.like(await send(hangs.target(browser, key.keyId)), { outcome: 'failed', reason: 'timeout' });
    t.like(await patient(resets.target(browser, key.keyId)), {
      outcome: 'failed',
      reason: 'closed',
    });
    const held = Array.from({ length: 300 }, () => patient(hangs.target(browser, key.keyId)));
    t.deepEqual(await patient(well.target(browser, key.keyId)), { outcome: 'sent' });
    await hangs.stop();
    t.true((await Promise.all(held)).every(({ outcome }) => outcome !== 'sent'));
  });
}

test('R1: messages share a session, and more are opened when they are many', async (t) => {
  const { send } = sender(t);
  const standIn = await service(t, 'h2');
  const target = standIn.target(browser, key.keyId);
  const results = await Promise.all(Array.from({ length: 200 }, () => send(target)));
  t.true(results.every(({ outcome }) => outcome === 'sent'));
  t.is(standIn.received.length, 200);
  t.true(standIn.connections <= 4, `${standIn.connections} connections`);
});

test('R1: GOAWAY and refused streams lose nothing, and nothing goes twice', async (t) => {
  for (const fault of ['goaway', 'refuse-stream'] as const) {
    const { send } = sender(t);
    let left = 0;
    const faulty = new Set<number>();
    const standIn = await service(t, 'h2', (message) => {
      if (left-- <= 0) return { status: 201 };
      faulty.add(standIn.received.indexOf(message));
      return fault;
    });
    const payloads = ['a', 'b', 'c'];
    const target = standIn.target(browser, key.keyId);
    await send(target, { payload: 'first' });
    left = 1;
    const results = await Promise.all(payloads.map((payload) => send(target, { payload })));
    t.deepEqual(
      results.map(({ outcome }) => outcome),
      ['sent', 'sent', 'sent'],
      fault,
    );
    const taken = standIn.received.filter((_, index) => !faulty.has(index));
    t.deepEqual(taken.map(({ body }) => browser.read(body)).sort(), [...payloads, 'first'], fault);
  }
});

test('R1: a service that always refuses is left after a few tries', async (t) => {
  const { send } = sender(t);
  const standIn = await service(t, 'h2', 'refuse-stream');
  const result = await send(standIn.target(browser, key.keyId));
  t.deepEqual(result, { outcome: 'failed', retryAfterMs: 5_000, reason: 'refused-stream' });
  t.is(standIn.received.length, 3);
});

test('R1: a reply that stalls after its status has told enough', async (t) => {
  const { send } = sender(t);
  const standIn = await service(t, 'h2', 'stall');
  const target = standIn.target(browser, key.keyId);
  const startedAt = performance.now();
  t.deepEqual(await send(target), { outcome: 'sent' });
  // Its stream is given up long before the time of a message is over, and its session goes on.
  t.deepEqual(await Promise.all(standIn.stalled), [constants.NGHTTP2_CANCEL]);
  t.true(performance.now() - startedAt < TIMEOUT_MS / 2);
  standIn.behave = () => ({ status: 201 });
  t.deepEqual(await send(target), { outcome: 'sent' });
  t.is(standIn.connections, 1);
});

test('R1: a message for which there is no room is not encrypted', async (t) => {
  const standIn = await service(t, 'h2', 'hang');
  const { services } = sender(t, { waitMaxMs: SHORT_TIMEOUT_MS });
  let encrypted = 0;
  const encrypt = () => {
    encrypted += 1;
    return Buffer.alloc(100);
  };
  const message = { url: new URL(`${standIn.origin}/push/one`), headers: {}, encrypt };
  const posted = Array.from({ length: 20 }, () => services.post(message));
  const refused = await Promise.race(posted);
  t.is(refused.reason, 'queue-full');
  await services.close();
  const sent = (await Promise.all(posted)).filter(({ reason }) => reason !== 'queue-full');
  t.true(sent.length > 0 && sent.length < posted.length);
  t.is(encrypted, sent.length);
});

test('R1: keys of a browser that are no point of the curve end their message alone', async (t) => {
  const standIn = await service(t, 'h2');
  const { send } = sender(t);
  const target = standIn.target(browser, key.keyId);
  const offCurve = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url');
  const wrong = await send({ ...target, p256dh: offCurve });
  t.deepEqual(wrong, { outcome: 'failed', reason: 'browser-keys' });
  t.is(standIn.received.length, 0);
  t.deepEqual(await send(target), { outcome: 'sent' });
});

test('R1: a service that fails again and again is not asked for a while', async (t) => {
  const clock = new ManualClock(0);
  const { send, services } = sender(t, { clock });
  const standIn = await service(t, 'h2', { status: 500 });
  const target = standIn.target(browser, key.keyId);
  for (let i = 0; i < FAILURES_TO_OPEN; i++)
    t.like(await send(target), { outcome: 'failed', reason: 'status-500' });
  const stopped = await send(target);
  t.like(stopped, { outcome: 'rate-limited', reason: 'service-stopped' });
  t.true(stopped.retryAfterMs! > 0 && stopped.retryAfterMs! <= 1_000);
  t.is(standIn.received.length, FAILURES_TO_OPEN);
  t.deepEqual(services.counts, { known: 1, stopped: 1 });
  standIn.behave = () => ({ status: 201 });
  await clock.advance(stopped.retryAfterMs!);
  t.deepEqual(await send(target), { outcome: 'sent' });
  t.deepEqual(services.counts, { known: 1, stopped: 0 });
});

test('R1: Retry-After of a service is kept, as seconds and as a date', async (t) => {
  const seconds = await service(t, 'h2', { status: 503, headers: { 'retry-after': '120' } });
  const date = await service(t, 'h2', () => ({
    status: 503,
    headers: { 'retry-after': new Date(Date.now() + 120_000).toUTCString() },
  }));
  const { send } = sender(t);
  for (const standIn of [seconds, date]) {
    const target = standIn.target(browser, key.keyId);
    const first = await send(target);
    t.like(first, { outcome: 'failed', reason: 'status-503' });
    t.true(first.retryAfterMs! > 60_000 && first.retryAfterMs! <= 120_000);
    const second = await send(target);
    t.like(second, { outcome: 'rate-limited', reason: 'service-stopped' });
    t.true(second.retryAfterMs! > 60_000 && second.retryAfterMs! <= 120_000);
    t.is(standIn.received.length, 1);
  }
});

test('R1: 429 for one subscription does not stop its service, 429 for all does', async (t) => {
  const headers = { 'retry-after': '60' };
  const standIn = await service(t, 'h2', ({ path }) =>
    path.endsWith('busy') ? { status: 429, headers } : { status: 201 },
  );
  const { send } = sender(t);
  const busy = standIn.target(browser, key.keyId, 'busy');
  const fine = standIn.target(browser, key.keyId, 'fine');
  const limited = { outcome: 'rate-limited', retryAfterMs: 60_000, reason: 'status-429' };
  for (let i = 0; i < 5; i++) {
    t.deepEqual(await send(busy), limited as PushResult);
    t.deepEqual(await send(fine), { outcome: 'sent' });
  }
  for (let i = 0; i < 5; i++) t.deepEqual(await send(busy), limited as PushResult);
  t.deepEqual(await send(fine), { outcome: 'sent' });
  for (const name of ['a-busy', 'b-busy', 'c-busy'])
    t.deepEqual(await send(standIn.target(browser, key.keyId, name)), limited as PushResult);
  t.like(await send(fine), { outcome: 'rate-limited', reason: 'service-stopped' });
});

test('R1: a long pause ends with one message that tries, and goes on if that is refused', async (t) => {
  const clock = new ManualClock(0);
  const { send } = sender(t, { clock });
  const headers = { 'retry-after': '3600' };
  const standIn = await service(t, 'h2', { status: 503, headers });
  const target = standIn.target(browser, key.keyId);
  t.like(await send(target), { retryAfterMs: 3_600_000, reason: 'status-503' });
  for (let tries = 2; tries < 4; tries++) {
    const stopped = { outcome: 'rate-limited', retryAfterMs: PAUSE_MAX_MS } as const;
    t.deepEqual(await send(target), { ...stopped, reason: 'service-stopped' });
    await clock.advance(PAUSE_MAX_MS);
    const results = await Promise.all([send(target), send(target), send(target)]);
    const reasons = ['status-503', 'service-stopped', 'service-stopped'];
    t.deepEqual(
      results.map(({ reason }) => reason),
      reasons,
    );
    t.is(standIn.received.length, tries);
  }
  standIn.behave = () => ({ status: 201 });
  await clock.advance(PAUSE_MAX_MS);
  for (let i = 0; i < 3; i++) t.deepEqual(await send(target), { outcome: 'sent' });
});

test('R1: the number of services is bounded, those not in use are forgotten', async (t) => {
  const { send, services } = sender(t, { servicesMax: 2 });
  const standIns = await Promise.all(['h2', 'http', 'h2'].map((it) => service(t, it as 'h2')));
  for (const standIn of standIns)
    t.deepEqual(await send(standIn.target(browser, key.keyId)), { outcome: 'sent' });
  t.is(services.counts.known, 2);
  for (const standIn of standIns.slice(1)) standIn.behave = () => 'hang';
  const held = standIns.slice(1).map((it) => send(it.target(browser, key.keyId)));
  const refused = await send(standIns[0]!.target(browser, key.keyId));
  t.deepEqual(refused, { outcome: 'rate-limited', retryAfterMs: 5_000, reason: 'services' });
  await services.close();
  t.true((await Promise.all(held)).every(({ outcome }) => outcome === 'failed'));
});

test('R1: a service that asked for silence is forgotten after those that did not', async (t) => {
  const { send, services } = sender(t, { servicesMax: 2 });
  const headers = { 'retry-after': '60' };
  const silent = await service(t, 'h2', { status: 503, headers });
  await send(silent.target(browser, key.keyId));
  for (let i = 0; i < 2; i++) {
    const well = await service(t, 'http');
    t.deepEqual(await send(well.target(browser, key.keyId)), { outcome: 'sent' });
  }
  t.deepEqual(services.counts, { known: 2, stopped: 1 });
  t.like(await send(silent.target(browser, key.keyId)), { reason: 'service-stopped' });
  t.is(silent.received.length, 1);
});

test('R1: services of known makers have places that no others take, and stay', async (t) => {
  const known = await service(t, 'h2');
  const { send, services } = sender(t, {
    servicesMax: 1,
    knownServicesMax: 2,
    connectTo: (origin) => (origin.includes('127.0.0.1') ? origin : known.origin),
  });
  const others = await service(t, 'h2', 'hang');
  const held = send(others.target(browser, key.keyId));
  const other = await service(t, 'h2');
  t.like(await send(other.target(browser, key.keyId)), { reason: 'services' });
  const target = known.target(browser, key.keyId);
  const to = (host: string) => send({ ...target, endpoint: `https://${host}/push/one` });
  t.deepEqual(await to('fcm.googleapis.com'), { outcome: 'sent' });
  known.behave = () => ({ status: 503, headers: { 'retry-after': '60' } });
  t.like(await to('fcm.googleapis.com'), { reason: 'status-503' });
  // Made-up names below a maker's take each other's places.
  for (let i = 0; i < 3; i++)
    t.like(await to(`made-up-${i}.push.apple.com`), { reason: 'status-503' });
  t.like(await to('fcm.googleapis.com'), { reason: 'service-stopped' });
  t.is(services.counts.known, 3);
  await services.close();
  t.is((await held).outcome, 'failed');
});

test('R1: endpoints inside the network, and what is no endpoint, are not called', async (t) => {
  const standIn = await service(t, 'h2');
  const { send } = sender(t, { allow: '192.0.2.0/24' });
  const target = standIn.target(browser, key.keyId);
  t.deepEqual(await send(target), { outcome: 'failed', reason: 'refused-address' });
  for (const endpoint of ['not an address', 'https://a@shop.example/', 'ftp://shop.example/'])
    t.deepEqual(await send({ ...target, endpoint }), { outcome: 'failed', reason: 'refused-url' });
  t.deepEqual(await send({ ...target, p256dh: 'AAAA' }), {
    outcome: 'failed',
    reason: 'browser-keys',
  });
  t.like(await send(target, { payload: 'x'.repeat(PUSH_PAYLOAD_BYTES_MAX + 1) }), {
    outcome: 'too-large',
  });
  t.is(standIn.connections, 0);
});

test('R1: a message that is given up ends at once', async (t) => {
  const standIn = await service(t, 'h2', 'hang');
  const { webPush } = sender(t);
  const target = standIn.target(browser, key.keyId);
  const signal = AbortSignal.timeout(200);
  const aborted = { outcome: 'failed', retryAfterMs: 0, reason: 'aborted' } as const;
  t.deepEqual(await webPush.send(target, MESSAGE, key, signal), aborted);
  t.deepEqual(await webPush.send(target, MESSAGE, key, signal), aborted);
});

test('R1: a service that says nothing until its callers give up is one that fails', async (t) => {
  for (const [afterMs, stopped] of [
    [2_900, 0],
    [3_000, 1],
  ] as const) {
    const clock = new ManualClock(0);
    const standIn = await service(t, 'h2', 'hang');
    const { webPush, services } = sender(t, { clock });
    const target = standIn.target(browser, key.keyId);
    const end = new AbortController();
    const sent = Array.from({ length: FAILURES_TO_OPEN }, () =>
      webPush.send(target, MESSAGE, key, end.signal),
    );
    while (standIn.received.length < sent.length) await new Promise((done) => setTimeout(done, 10));
    await clock.advance(afterMs);
    end.abort();
    t.true((await Promise.all(sent)).every(({ reason }) => reason === 'aborted'));
    t.is(services.counts.stopped, stopped, `after ${afterMs} ms`);
  }
});
