// Push, preferences and webhooks by GraphQL: what the use cases get, and what the client sees.

import test from 'ava';
import type { Preferences } from '../../../contracts/preferences.ts';
import type { Delivery, Webhook } from '../../../contracts/webhooks.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { type Fixture, NOW, startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const CREATED = new Date(NOW).toISOString();
const node = (id: string) => Buffer.from(`User:${id}`).toString('base64');
const paramsOf = (fixture: Fixture, action: string) =>
  fixture.calls.findLast((call) => call.action === action)?.params;

const PREFERENCES: Preferences = {
  push: { dropStarted: true, lowStock: false, backInStock: true, orders: true },
  mail: { orders: true, dropAnnounced: false },
  mutedCreators: ['u_1'],
  spreadSeconds: 60,
};

test('G1, R1: the push key is everybody’s; browsers subscribe and end it', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['push.key'] = () => success({ keyId: 'k_1', publicKey: 'BAA' });
  fixture.actions['push.subscribe'] = () => success(null);
  fixture.actions['push.unsubscribe'] = () => success(null);
  const { data } = await ask(fixture, '{ pushKey { keyId publicKey } }');
  t.deepEqual(data, { pushKey: { keyId: 'k_1', publicKey: 'BAA' } });

  const endpoint = 'https://push.example/a?b=c&d=e';
  const subscription = { endpoint, keys: { p256dh: 'BAA', auth: 'AAA' }, keyId: 'k_1' };
  const subscribe = `mutation ($input: SubscribeToPushesInput!) {
    subscribeToPushes(input: $input) {
      ... on Refused { code } ... on SubscribeToPushesPayload { done }
    }
  }`;
  const input = { ...subscription, expirationTime: null };
  t.is((await ask(fixture, subscribe, { input })).status, 401);
  const subscribed = await ask(fixture, subscribe, { input }, { as: 'ann' });
  t.deepEqual(subscribed.data, { subscribeToPushes: { done: true } });
  t.like(paramsOf(fixture, 'push.subscribe'), { userId: 'ann', subscription: input });

  const end = `mutation ($input: UnsubscribeFromPushesInput!) {
    unsubscribeFromPushes(input: $input) { ... on UnsubscribeFromPushesPayload { done } }
  }`;
  const ended = await ask(fixture, end, { input: { endpoint } }, { as: 'ann' });
  t.deepEqual(ended.data, { unsubscribeFromPushes: { done: true } });
  t.deepEqual(paramsOf(fixture, 'push.unsubscribe'), { userId: 'ann', endpoint });
});

test('G1, R2: preferences are read and changed in parts', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['preferences.get'] = () => success(PREFERENCES);
  fixture.actions['preferences.change'] = () => success(PREFERENCES);
  const fields = `{ push { lowStock orders } mail { orders } mutedCreators spreadSeconds }`;
  const shown = {
    push: { lowStock: false, orders: true },
    mail: { orders: true },
    mutedCreators: ['u_1'],
    spreadSeconds: 60,
  };
  const read = await ask(fixture, `{ viewer { preferences ${fields} } }`, {}, { as: 'ann' });
  t.deepEqual(read.data, { viewer: { preferences: shown } });

  const change = `mutation ($input: ChangePreferencesInput!) {
    changePreferences(input: $input) {
      ... on Refused { code detail }
      ... on ChangePreferencesPayload { preferences ${fields} }
    }
  }`;
  const input = { push: { lowStock: false, orders: null }, mutedCreators: [node('u_1'), 'u_2'] };
  const changed = await ask(fixture, change, { input }, { as: 'ann' });
  t.deepEqual(changed.data, { changePreferences: { preferences: shown } });
  t.deepEqual(paramsOf(fixture, 'preferences.change'), {
    userId: 'ann',
    change: { push: { lowStock: false }, mutedCreators: ['u_1', 'u_2'] },
  });
  const wrong = await ask(fixture, change, { input: { spreadSeconds: -1 } }, { as: 'ann' });
  t.like(wrong.data['changePreferences'], { code: 'invalid-request' });
});

const WEBHOOK: Webhook = {
  id: 'wh_1',
  creatorId: 'ann',
  url: 'https://shop.example/hooks',
  description: null,
  events: ['order.confirmed', 'drop.sold_out'],
  ordering: 'drop',
  ratePerSecond: 100,
  enabled: false,
  disabledReason: 'failing',
  disabledAt: NOW,
  createdAt: NOW,
  secrets: [{ secret: 'whsec_inside', endsAt: null }],
  generation: 1,
  noticeIsDue: false,
  revision: 1,
};
const DELIVERY: Delivery = {
  id: '7',
  messageId: 'msg_1',
  type: 'order.confirmed',
  state: 'failed',
  occurredAt: NOW,
  attemptCount: 1,
  attempts: [{ at: NOW, durationMs: 12, status: 500, reason: 'http-5xx', excerpt: null }],
  nextAttemptAt: null,
  finishedAt: NOW,
  key: null,
  triedSince: NOW,
  revision: 1,
};
const WEBHOOK_FIELDS = `id url events ordering ratePerSecond enabled disabledReason createdAt`;
const WEBHOOK_SHOWN = {
  id: 'wh_1',
  url: 'https://shop.example/hooks',
  events: ['ORDER_CONFIRMED', 'DROP_SOLD_OUT'],
  ordering: 'DROP',
  ratePerSecond: 100,
  enabled: false,
  disabledReason: 'FAILING',
  createdAt: CREATED,
};

test('G1, R3: webhooks are listed with their deliveries', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['webhooks.list'] = () => success([WEBHOOK]);
  fixture.actions['webhooks.get'] = ({ webhookId }: { webhookId: string }) =>
    webhookId === 'wh_1' ? success(WEBHOOK) : refusal('not-found');
  fixture.actions['webhooks.deliveries'] = () => success({ items: [DELIVERY], nextCursor: 'c' });
  const { data } = await ask(
    fixture,
    `{ viewer {
      webhooks(creatorId: "${node('o_1')}") { ${WEBHOOK_FIELDS} }
      webhook(id: "wh_1") {
        deliveries(first: 1, state: FAILED) {
          nodes { id messageId state attempts { durationMs status reason excerpt } }
          pageInfo { hasNextPage }
        }
      }
      unknown: webhook(id: "wh_2") { id }
    } }`,
    {},
    { as: 'ann' },
  );
  const attempts = [{ durationMs: 12, status: 500, reason: 'http-5xx', excerpt: null }];
  const nodes = [{ id: '7', messageId: 'msg_1', state: 'FAILED', attempts }];
  const deliveries = { nodes, pageInfo: { hasNextPage: true } };
  t.deepEqual(data, {
    viewer: { webhooks: [WEBHOOK_SHOWN], webhook: { deliveries }, unknown: null },
  });
  t.like(paramsOf(fixture, 'webhooks.list'), { creatorId: 'o_1' });
  t.like(paramsOf(fixture, 'webhooks.deliveries'), { webhookId: 'wh_1', state: 'failed' });
});

test('G1, R3: webhooks are made, changed, tried and removed; secrets are shown once', async (t) => {
  const fixture = await startFixture(t);
  const withSecret = () => success({ ...WEBHOOK, secret: 'whsec_new' });
  fixture.actions['webhooks.create'] = withSecret;
  fixture.actions['webhooks.rotate'] = withSecret;
  fixture.actions['webhooks.change'] = () => success(WEBHOOK);
  fixture.actions['webhooks.remove'] = () => success(null);
  fixture.actions['webhooks.test'] = () => success(DELIVERY);
  fixture.actions['webhooks.resend'] = () => refusal('webhook-disabled');
  const done = async (name: string, fields: string, input: object) => {
    const title = name.slice(0, 1).toUpperCase() + name.slice(1);
    const document = `mutation ($input: ${title}Input!) {
      ${name}(input: $input) { ... on Refused { code } ... on ${title}Payload { ${fields} } }
    }`;
    return (await ask(fixture, document, { input }, { as: 'ann' })).data[name];
  };
  const { url } = WEBHOOK;
  const made = await done('createWebhook', `webhook { secret ${WEBHOOK_FIELDS} }`, {
    url,
    events: ['ORDER_CONFIRMED', 'DROP_SOLD_OUT'],
    ordering: 'DROP',
    creatorId: node('o_1'),
  });
  t.deepEqual(made, { webhook: { secret: 'whsec_new', ...WEBHOOK_SHOWN } });
  t.deepEqual(paramsOf(fixture, 'webhooks.create')!['webhook'], {
    url,
    events: ['order.confirmed', 'drop.sold_out'],
    ordering: 'drop',
    creatorId: 'o_1',
  });
  const webhookId = 'wh_1';
  const rotated = await done('rotateWebhookSecret', 'webhook { secret }', {
    webhookId,
    overlapSeconds: 60,
  });
  t.deepEqual(rotated, { webhook: { secret: 'whsec_new' } });
  t.like(paramsOf(fixture, 'webhooks.rotate'), { webhookId, overlapSeconds: 60 });
  const changed = await done('changeWebhook', 'webhook { id }', {
    webhookId,
    enabled: true,
    description: null,
  });
  t.deepEqual(changed, { webhook: { id: webhookId } });
  t.deepEqual(paramsOf(fixture, 'webhooks.change')!['change'], {
    enabled: true,
    description: null,
  });
  t.deepEqual(await done('testWebhook', 'delivery { id }', { webhookId }), {
    delivery: { id: '7' },
  });
  const resend = { webhookId, deliveryId: '7' };
  t.deepEqual(await done('resendWebhookDelivery', 'delivery { id }', resend), {
    code: 'webhook-disabled',
  });
  t.like(paramsOf(fixture, 'webhooks.resend'), resend);
  t.deepEqual(await done('removeWebhook', 'done', { webhookId }), { done: true });
  const secrets = await ask(fixture, '{ __type(name: "Webhook") { fields { name } } }');
  t.false(JSON.stringify(secrets.data).includes('secret'));
});
