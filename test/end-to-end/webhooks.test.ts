// Outgoing webhooks against the whole server, on both profiles: what happens arrives once, signed
// as Standard Webhooks says, and is listed; who may see and change them (R3).

import { journeyOnEachProfile } from './profiles.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';
import { MailServer } from '../servers/mail-server.ts';
import { answer, accept, type TakenCall, WebhookReceiver } from '../servers/webhook-receiver.ts';

const PATH = '/v1/webhooks';

journeyOnEachProfile((test, profile) => {
  let mailServer: MailServer;
  let server: SaleServer;
  const receivers: WebhookReceiver[] = [];
  test.before(async () => {
    mailServer = await MailServer.start();
    server = await SaleServer.start(profile, {
      LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
      LIVEDROPS_SMTP_URL: mailServer.url,
      LIVEDROPS_MAIL_FROM: 'Shop <no-reply@shop.example>',
    });
  });
  test.after.always(async () => {
    await server?.stop();
    await mailServer?.stop();
    await Promise.all(receivers.map((receiver) => receiver.stop()));
  });

  async function made(
    creator: string,
    more: Json = {},
  ): Promise<{ receiver: WebhookReceiver; id: string; path: string; secret: string }> {
    const receiver = await WebhookReceiver.start();
    receivers.push(receiver);
    const url = `${receiver.url}/hooks`;
    const body = { url, events: ['order.confirmed', 'drop.sold_out'], ...more };
    const answered = await server.post(PATH, { as: creator, body });
    if (answered.status !== 201) throw new Error(answered.text);
    const secret = String(answered.json['secret']);
    receiver.secrets = [secret];
    const id = String(answered.json['id']);
    return { receiver, id, path: `${PATH}/${id}`, secret };
  }

  const deliveries = async (path: string, as: string, query = '') =>
    (await server.get(`${path}/deliveries${query}`, { as })).json['items'] as Json[];
  const orderOf = ({ json }: TakenCall) => String((json.data['order'] as Json)['id']);

  test.serial(
    'R3: an order is placed, and its webhook arrives once with the right signature',
    async (t) => {
      const creator = server.fresh('creator');
      const before = await server.drop(creator, { stock: 2 });
      await server.order(before, 'ann', 'before', 1);
      const { receiver, path } = await made(creator);
      const dropId = await server.drop(creator, { stock: 3, limitPerUser: 3 });
      const ids: string[] = [];
      for (const user of ['ann', 'ben', 'cat'])
        ids.push(String((await server.order(dropId, user, 'k', 1)).json['id']));
      await server.order(dropId, 'ann', 'k', 1);
      const calls = await receiver.arrived(4);
      t.true(calls.every(({ isVerified }) => isVerified));
      const orders = calls.filter(({ json }) => json.type === 'order.confirmed');
      t.deepEqual(orders.map(orderOf).toSorted(), ids.toSorted());
      const soldOut = calls.find(({ json }) => json.type === 'drop.sold_out')!;
      t.like(soldOut.json.data, { drop: { id: dropId, soldOut: true, free: 0, sold: 3 } });
      const first = orders.find((call) => orderOf(call) === ids[0])!;
      t.like(first.json.data, {
        order: { userId: 'ann', quantity: 1, status: 'confirmed', dropId },
        drop: { id: dropId, creatorId: creator },
      });
      t.is(first.headers['content-type'], 'application/json');
      t.is(new Set(calls.map(({ id }) => id)).size, 4);
      const shown = await eventually(
        () => deliveries(path, creator),
        (list) => list.length === 4 && list.every(({ state }) => state === 'sent'),
      );
      t.deepEqual(
        shown.map(({ messageId }) => String(messageId)).toSorted(),
        calls.map(({ id }) => id).toSorted(),
      );
      t.like(shown[0], { attemptCount: 1, attempts: [{ status: 204 }] });
      t.is(receiver.calls.length, 4);
    },
  );

  test.serial(
    'R3: what fails is listed with its attempts, and sent again by hand with the same id',
    async (t) => {
      const creator = server.fresh('creator');
      const { receiver, path } = await made(creator, { ordering: 'drop' });
      receiver.behave = answer(500, {}, 'no\r\nroom \u0000 here');
      const dropId = await server.drop(creator, { stock: 5, limitPerUser: 5 });
      for (const key of ['1', '2']) await server.order(dropId, 'ann', key, 1);
      await receiver.arrived(1);
      const [second, first] = await eventually(
        () => deliveries(path, creator, '?state=waiting'),
        (list) => list.length === 2 && Number(list[1]!['attemptCount']) > 0,
      );
      t.like(first, {
        attempts: [{ status: 500, reason: 'http-5xx', excerpt: 'no room here' }],
      });
      t.is(typeof first!['nextAttemptAt'], 'string');
      t.is(second!['attemptCount'], 0, 'held back behind the first of its drop');
      receiver.behave = accept;
      const again = `${path}/deliveries/${String(first!['id'])}/resend`;
      t.is((await server.post(again, { as: creator })).status, 202);
      const sent = await eventually(
        () => deliveries(path, creator, '?state=sent'),
        (list) => list.length === 2,
      );
      const ids = receiver.calls.map(({ id }) => id);
      t.deepEqual([...new Set(ids)], [first!['messageId'], second!['messageId']]);
      t.true(receiver.calls.every(({ isVerified }) => isVerified));
      t.true(Number(sent[1]!['attemptCount']) > 1);
      const unknown = `${path}/deliveries/99/resend`;
      t.is((await server.post(unknown, { as: creator })).status, 404);
    },
  );

  test.serial('R3: a test event; a secret that is replaced signs on for a while', async (t) => {
    const creator = server.fresh('creator');
    const { receiver, id, path, secret } = await made(creator);
    const test1 = await server.post(`${path}/test`, { as: creator });
    t.is(test1.status, 202, test1.text);
    const [call] = await receiver.arrived(1);
    t.like(call, { isVerified: true, id: test1.json['messageId'] });
    t.like(call!.json, { type: 'webhook.test', data: { webhookId: id } });
    const rotated = await server.post(`${path}/secret`, { as: creator });
    const next = String(rotated.json['secret']);
    t.not(next, secret);
    t.regex(next, /^whsec_[A-Za-z0-9+/]{43}=$/);
    receiver.secrets = [secret, next];
    await server.post(`${path}/test`, { as: creator });
    t.is((await receiver.arrived(2))[1]!.signedBy, 2);
    await server.post(`${path}/secret`, { as: creator, body: { overlapSeconds: 0 } });
    await server.post(`${path}/test`, { as: creator });
    t.is((await receiver.arrived(3))[2]!.signedBy, 0, 'both older ones are over');
    const shown = await server.get(path, { as: creator });
    t.false(shown.text.includes('whsec_') || shown.text.includes('secret'));
  });

  test.serial(
    'R3: one that is disabled is not called; enabled again it gets what comes from then on',
    async (t) => {
      const creator = server.fresh('creator');
      const { receiver, path } = await made(creator, { events: ['order.confirmed'] });
      const dropId = await server.drop(creator, { stock: 5, limitPerUser: 5 });
      const off = await server.call('PATCH', path, { as: creator, body: { enabled: false } });
      t.like(off.json, { enabled: false, disabledReason: 'owner' });
      t.is((await server.post(`${path}/test`, { as: creator })).json['code'], 'webhook-disabled');
      await server.order(dropId, 'ann', '1', 1);
      const on = await server.call('PATCH', path, { as: creator, body: { enabled: true } });
      t.is(on.json['enabled'], true);
      t.false('disabledReason' in on.json);
      const { json } = await server.order(dropId, 'ann', '2', 1);
      const [call] = await receiver.arrived(1);
      t.is(orderOf(call!), String(json['id']));
      await server.call('PATCH', path, {
        as: creator,
        body: { description: 'Desk', events: ['drop.cancelled'] },
      });
      await server.order(dropId, 'ann', '3', 1);
      t.is((await server.post(`/v1/drops/${dropId}/cancel`, { as: creator })).status, 200);
      const [, last] = await receiver.arrived(2);
      t.is(last!.json.type, 'drop.cancelled');
      t.is((await server.call('DELETE', path, { as: creator })).status, 204);
      t.is((await server.get(path, { as: creator })).status, 404);
    },
  );

  test.serial('R3: an endpoint that never answers holds up no other', async (t) => {
    const creator = server.fresh('creator');
    const { receiver: silent } = await made(creator);
    silent.behave = () => undefined;
    const { receiver } = await made(creator);
    const dropId = await server.drop(creator, { stock: 5, limitPerUser: 5 });
    await server.order(dropId, 'ann', '1', 1);
    await silent.arrived(1);
    await server.order(dropId, 'ann', '2', 1);
    const calls = await receiver.arrived(2);
    t.true(calls.every(({ isVerified }) => isVerified));
    // It may be called once more at the same moment, but not again before its time is over.
    t.true(silent.calls.length <= 2);
  });

  test.serial('R3: an endpoint that fails for a while gets all once it answers', async (t) => {
    const creator = server.fresh('creator');
    const { receiver, path } = await made(creator);
    receiver.behave = answer(500);
    const dropId = await server.drop(creator, { stock: 9, limitPerUser: 9 });
    const keys = ['1', '2', '3', '4', '5', '6'];
    for (const key of keys) await server.order(dropId, 'ann', key, 1);
    await receiver.arrived(keys.length);
    receiver.behave = accept;
    await eventually(
      () => deliveries(path, creator, '?state=sent'),
      (list) => list.length === keys.length,
    );
    t.is(new Set(receiver.calls.map(({ id }) => id)).size, keys.length);
    t.true(receiver.calls.length < 3 * keys.length, 'what was taken is not called again');
  });

  test.serial('R3: one that says 410 is disabled, and its creator has one mail', async (t) => {
    const { id: creator, email } = await server.register('Ada');
    await mailServer.next(email, /Confirm your/);
    const { receiver, path } = await made(creator);
    receiver.behave = answer(410);
    await server.post(`${path}/test`, { as: creator });
    const read = async () => (await server.get(path, { as: creator })).json;
    const gone = await eventually(read, ({ enabled }) => enabled === false);
    t.is(gone['disabledReason'], 'gone');
    const [delivery] = await deliveries(path, creator);
    t.like(delivery, { state: 'failed', attempts: [{ status: 410 }] });
    const mail = await mailServer.next(email, /^A webhook was disabled$/);
    t.true(mail.from.endsWith('no-reply@shop.example'));
    t.true(mail.body.includes('One of your webhooks is not called any more'));
    t.false(mail.body.includes('#token='), 'there is nothing to press');

    // Enabled and gone again it is told anew: once for each time.
    await server.call('PATCH', path, { as: creator, body: { enabled: true } });
    await server.post(`${path}/test`, { as: creator });
    await mailServer.next(email, /^A webhook was disabled$/);
    t.deepEqual(
      mailServer.mails.filter(({ to }) => to === email),
      [],
    );
  });

  test.serial(
    'R3: addresses that are not public are refused, and strangers find nothing',
    async (t) => {
      const creator = server.fresh('creator');
      const events = ['order.confirmed'];
      for (const url of [
        'http://shop.example.com/',
        'https://10.0.0.1/',
        'https://192.168.1.1/',
        'https://[::1]/',
        'https://localhost/',
        'https://user:secret@shop.example.com/',
        'ftp://shop.example.com/',
      ]) {
        const refused = await server.post(PATH, { as: creator, body: { url, events } });
        t.true([400, 422].includes(refused.status), `${url}: ${refused.status}`);
      }
      const { path } = await made(creator);
      const stranger = server.fresh('stranger');
      t.is((await server.get(path, { as: stranger })).status, 404);
      t.is((await server.call('DELETE', path, { as: stranger })).status, 404);
      t.is((await server.get(`${path}/deliveries`, { as: stranger })).status, 404);
      t.is((await server.get(`${PATH}?creator_id=${creator}`, { as: stranger })).status, 404);
      t.deepEqual((await server.get(PATH, { as: stranger })).json['items'], []);
      const own = (await server.get(PATH, { as: creator })).json['items'] as Json[];
      t.is(own.length, 1);
    },
  );
});
