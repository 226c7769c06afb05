// Traces against the whole server, with a receiver of OTLP that reads the protocol by itself. The
// ratio is 0 and every order is slow, so what is sent is what the tail rule sends.

import { setTimeout as pause } from 'node:timers/promises';
import { EMBEDDED_SHARD_COUNT, SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { PushBrowser } from '../push/browser.ts';
import { PushServiceStandIn } from '../push/push-service-stand-in.ts';
import { linkTokenOf, MailServer } from '../servers/mail-server.ts';
import { OtlpReceiver, type ReceivedSpan } from '../servers/otlp-receiver.ts';
import { WebhookReceiver } from '../servers/webhook-receiver.ts';
import { onEachProfile } from './profiles.ts';
import { type Answer, eventually, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PARENT_SPAN = 'b7ad6b7169203331';
const SERVER = 2;
const CLIENT = 3;

/** In an order's trace, whatever the node. */
const ORDER_SPANS = [
  'POST /v1/drops/{id}/orders',
  'journal.append',
  'relay payment-problems',
  'relay payments',
  'relay projections',
  'shard.call place-order',
  'shard.execute place-order',
];

const names = (spans: readonly ReceivedSpan[]) => spans.map(({ name }) => name).sort();
const traceIdOf = ({ headers }: Answer) => headers.get('traceparent')!.split('-')[1]!;
const isWhole = (spans: readonly ReceivedSpan[]) =>
  ORDER_SPANS.every((name) => spans.some((span) => span.name === name));

function only(spans: readonly ReceivedSpan[], name: string): ReceivedSpan {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`${found.length} of ${name}: ${names(spans).join()}`);
  return found[0]!;
}

onEachProfile((test, profile) => {
  const shardCount = profile === 'cluster' ? SHARD_COUNT : EMBEDDED_SHARD_COUNT;
  let receiver: OtlpReceiver;
  let mailServer: MailServer;
  let pushService: PushServiceStandIn;
  let webhookReceiver: WebhookReceiver;
  let server: SaleServer;
  test.before(async () => {
    receiver = await OtlpReceiver.start();
    mailServer = await MailServer.start();
    pushService = await PushServiceStandIn.start('http');
    webhookReceiver = await WebhookReceiver.start();
    server = await SaleServer.start(profile, {
      LIVEDROPS_TRACES: receiver.url,
      LIVEDROPS_TRACES_HEADERS: 'x-key=of the collector',
      LIVEDROPS_TRACE_RATIO: '0',
      LIVEDROPS_TRACE_SLOW_MS: '0',
      LIVEDROPS_TRACE_SLOW_READ_MS: '60000',
      LIVEDROPS_TRACE_HOLD_SECONDS: '3',
      LIVEDROPS_SMTP_URL: mailServer.url,
      LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
    });
  });
  test.after.always(async () => {
    await server?.stop();
    await Promise.all([receiver?.stop(), mailServer?.stop()]);
    await Promise.all([pushService?.stop(), webhookReceiver?.stop()]);
  });

  let traces = 0;
  const freshTraceId = () => {
    traces += 1;
    return `0af7651916cd43dd8448eb21${profile.length}1${String(traces).padStart(6, '0')}`;
  };
  const order = (dropId: string, url: string, traceId: string) =>
    server.post(`/v1/drops/${dropId}/orders`, {
      as: server.fresh('buyer'),
      url,
      headers: {
        'idempotency-key': server.fresh('key'),
        traceparent: `00-${traceId}-${PARENT_SPAN}-00`,
        tracestate: 'shop=1, other=x',
      },
      body: { quantity: 1 },
    });

  test('L4, H4: at ratio 0 the trace of a slow order is whole, on every node', async (t) => {
    const dropId = await server.drop('cleo', { stock: 100, limitPerUser: 100 });
    const sent = new Map<string, Answer>();
    for (const url of server.urls) {
      const traceId = freshTraceId();
      sent.set(traceId, succeeded(await order(dropId, url, traceId)));
    }
    const nodesOfTraces: number[] = [];
    for (const [traceId, answer] of sent) {
      t.is(traceIdOf(answer), traceId);
      const spans = await receiver.trace(traceId, isWhole);
      t.deepEqual(names(spans), ORDER_SPANS);
      const request = only(spans, 'POST /v1/drops/{id}/orders');
      const call = only(spans, 'shard.call place-order');
      const execute = only(spans, 'shard.execute place-order');
      t.like(request, { parentId: PARENT_SPAN, tracestate: 'shop=1,other=x', kind: SERVER });
      t.is(request.spanId, answer.headers.get('traceparent')!.split('-')[2]!);
      t.like(request.attributes, {
        'http.request.method': 'POST',
        'http.route': '/v1/drops/{id}/orders',
        'http.response.status_code': 201,
        'livedrops.request_id': answer.headers.get('x-request-id')!,
      });
      t.like(call, { parentId: request.spanId, kind: CLIENT, node: request.node });
      t.like(execute, { parentId: call.spanId, kind: SERVER });
      for (const name of ORDER_SPANS.filter((one) => /^(?:journal|relay)/.test(one)))
        t.like(only(spans, name), { parentId: execute.spanId, node: execute.node }, name);
      t.like(execute.attributes, { 'livedrops.shard': shardOf(dropId, shardCount) });
      // The entry's trace, from which consumers elsewhere go on.
      const [entry] = execute.links;
      const entrySpans = await receiver.trace(entry!.traceId, (found) => found.length > 0);
      const batch = only(entrySpans, 'shard.batch');
      t.is(batch.spanId, entry!.spanId);
      t.true(batch.links.some(({ spanId }) => spanId === execute.spanId));
      t.true(call.start >= request.start && call.end <= request.end);
      nodesOfTraces.push(new Set(spans.map(({ node }) => node)).size);
    }
    // One gateway is the owner's, the other one is not.
    t.deepEqual(
      nodesOfTraces.sort((a, b) => a - b),
      profile === 'cluster' ? [1, 2] : [1],
    );
    t.is(receiver.headers[0]!['x-key'], 'of the collector');
  });

  test('L4: one trace has an order from click to push and mail, and leads to its webhook', async (t) => {
    const creatorId = server.fresh('u_creator');
    const { session, email } = await server.register('Buyer');
    const token = String(session['accessToken']);
    const browser = new PushBrowser();
    const endpoint = `${pushService.origin}/${server.fresh('browser')}`;
    const keys = { p256dh: browser.p256dh, auth: browser.auth };
    const subscription = { endpoint, expirationTime: null, keys };
    succeeded(await server.call('PUT', '/v1/push/subscriptions', { token, body: subscription }));
    const confirm = linkTokenOf(await mailServer.next(email, /Confirm your/));
    succeeded(await server.post('/v1/auth/confirm-email', { body: { token: confirm } }));
    const preferences = { mail: { orders: true } };
    succeeded(await server.call('PATCH', '/v1/users/me/preferences', { token, body: preferences }));
    const webhook = { url: webhookReceiver.url, events: ['order.confirmed'] };
    succeeded(await server.post('/v1/webhooks', { as: creatorId, body: webhook }));
    const dropId = await server.drop(creatorId, { unitAmount: 0 });
    const answer = succeeded(
      await server.post(`/v1/drops/${dropId}/orders`, {
        token,
        headers: { 'idempotency-key': server.fresh('key') },
        body: { quantity: 1 },
      }),
    );
    const reached = ['mail', 'push'];
    const spans = await receiver.trace(
      traceIdOf(answer),
      (found) => isWhole(found) && reached.every((name) => names(found).includes(name)),
      120_000,
    );
    // A mail that was not taken at once is tried again.
    t.deepEqual([...new Set(names(spans))], [...ORDER_SPANS, ...reached].sort());
    const execute = only(spans, 'shard.execute place-order');
    const [entry] = execute.links;
    const wanted = ['job tell-buyers', 'news', 'shard.batch', 'webhook'];
    const followers = await receiver.trace(
      entry!.traceId,
      (found) => wanted.every((name) => found.some((span) => span.name === name)),
      120_000,
    );
    t.deepEqual([...new Set(names(followers))], wanted);
    const news = only(followers, 'news');
    t.is(news.parentId, entry!.spanId);
    t.is(followers.find(({ name }) => name === 'job tell-buyers')!.parentId, news.spanId);
    const jobs = followers.filter(({ name }) => name === 'job tell-buyers');
    for (const name of reached) {
      const { parentId, links } = spans.find((span) => span.name === name)!;
      t.is(parentId, execute.spanId, name);
      t.true(jobs.some(({ spanId }) => spanId === links[0]?.spanId));
    }
    const called = only(followers, 'webhook');
    t.is(called.parentId, entry!.spanId);
    const [hook] = webhookReceiver.calls;
    t.is(
      String(hook!.headers['traceparent']),
      `00-${entry!.traceId}-${called.spanId}-00`,
      'the receiver of a webhook can go on with the trace',
    );
  });

  if (profile === 'cluster')
    test('L4: an order that is sent again because its shard moved has one trace', async (t) => {
      const dropId = await server.drop('cleo', { stock: 10_000, limitPerUser: 1_000 });
      const shard = shardOf(dropId, shardCount);
      const token = server.token('olga', 600, ['operator']);
      const pin = async (to: string) =>
        succeeded(await server.post(`/v1/operator/shards/${shard}/pin`, { token, body: { to } }));
      const placed: string[] = [];
      let moved: ReceivedSpan | undefined;
      const hasMoved = () =>
        (moved = receiver.spans.find(
          ({ name, traceId }) => name === 'shard.attempt moved' && placed.includes(traceId),
        ));
      for (let round = 0; round < 20 && hasMoved() === undefined; round++) {
        await pin(round % 2 === 0 ? 'south' : 'north');
        // Fewer than the traces that a node chooses in a second.
        const sent: Promise<void>[] = [];
        for (let i = 0; i < 80; i++) {
          const traceId = freshTraceId();
          const answered = order(dropId, server.nextUrl(), traceId);
          // On a busy machine an order may be 503, which is no matter here.
          sent.push(answered.then(({ status }) => void (status === 201 && placed.push(traceId))));
          await pause(10);
        }
        await Promise.all(sent);
        await eventually(
          async () => hasMoved(),
          (found) => found !== undefined,
          5_000,
        );
      }
      if (moved === undefined) return t.fail('no order met a move');
      const spans = await receiver.trace(moved.traceId, isWhole);
      const call = only(spans, 'shard.call place-order');
      const execute = only(spans, 'shard.execute place-order');
      t.is(moved.parentId, call.spanId);
      t.is(execute.parentId, call.spanId);
      t.not(moved.attributes['livedrops.owner'], execute.node);
      // Where the shard left before a consumer was done, it has a span of each try.
      t.deepEqual(
        [...new Set(names(spans))].filter((name) => name !== 'shard.attempt moved'),
        ORDER_SPANS,
      );
    });
});
