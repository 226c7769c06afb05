// Organisations against the whole server (A10): made, joined by invitation, left, and gone with
// their last member.

import { linkTokenOf, MailServer } from '../servers/mail-server.ts';
import { onEachProfile } from './profiles.ts';
import { dropTerms, eventually, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';
import { Team } from './team.ts';

const PASSWORD = 'correct horse battery';
/** Whoever is no member any more is refused within this time. */
const REMOVED_WITHIN_MS = 1_000;

onEachProfile((test, profile) => {
  let mail: MailServer;
  let server: SaleServer;
  test.before(async () => {
    mail = await MailServer.start();
    server = await SaleServer.start(profile, {
      LIVEDROPS_SMTP_URL: mail.url,
      LIVEDROPS_MAIL_FROM: 'Shop <no-reply@shop.example>',
      LIVEDROPS_PUBLIC_URL: 'https://shop.example/',
      LIVEDROPS_RATE_LIMITS: 'off',
    });
  });
  test.after.always(async () => {
    await server?.stop();
    await mail?.stop();
  });

  const itemsOf = async (path: string, as: string) =>
    succeeded(await server.get(path, { as })).json['items'] as Json[];
  const organisationsOf = (as: string) => itemsOf('/v1/users/me/organisations', as);
  const accept = (id: string, as: string, body: Json = {}) =>
    server.post(`/v1/invitations/${id}/accept`, { as, body });
  const decline = (id: string, as: string, body: Json = {}) =>
    server.post(`/v1/invitations/${id}/decline`, { as, body });
  const codeOf = ({ status, json }: { status: number; json: Json }) => [status, json['code']];

  /** An account whose address is confirmed by the mail of its registration. */
  async function confirmed(name: string) {
    const person = await server.register(name);
    const token = linkTokenOf(await mail.next(person.email, /Confirm your/));
    succeeded(await server.post('/v1/auth/confirm-email', { body: { token } }));
    return person;
  }

  test('A10: an organisation is a creator: a profile, products, drops and followers', async (t) => {
    const team = await Team.found(server, mail, '  Lamps & Co ');
    const { id, founder } = team;
    t.like((await server.get(`/v1/users/${id}`)).json, { id, name: 'Lamps & Co' });
    t.like((await server.get(team.path, { as: founder.id })).json, {
      id,
      name: 'Lamps & Co',
      role: 'owner',
      memberCount: 1,
    });
    const drop = await server.get(`/v1/drops/${await team.drop(dropTerms())}`);
    t.is(drop.json['creatorId'], id);
    const fan = await server.register('Fan');
    t.is((await server.post(`/v1/creators/${id}/follow`, { as: fan.id })).status, 204);
    t.is((await server.get(`/v1/users/${id}`)).json['followerCount'], 1);
    const own = await organisationsOf(founder.id);
    t.deepEqual(
      own.map(({ id: one, role }) => [one, role]),
      [
        [founder.id, 'owner'],
        [id, 'owner'],
      ],
    );
    t.is((await server.get(team.path, { as: fan.id })).status, 404);
  });

  test('H11, A10: a repeated request makes one organisation and mails one invitation', async (t) => {
    const founder = await server.register('Founder');
    const make = () =>
      server.post('/v1/organisations', {
        as: founder.id,
        headers: { 'idempotency-key': 'mine' },
        body: { name: 'Once' },
      });
    const [first, second] = [await make(), await make()];
    t.deepEqual([first.status, second.status], [201, 201]);
    t.deepEqual(second.json, first.json);
    t.is(second.headers.get('idempotency-replayed'), 'true');
    t.is((await organisationsOf(founder.id)).length, 2);
    const email = `${server.fresh('guest')}@example.com`;
    const invite = () =>
      server.post(`/v1/organisations/${String(first.json['id'])}/invitations`, {
        as: founder.id,
        headers: { 'idempotency-key': 'mine' },
        body: { email, role: 'support' },
      });
    const [sent, again] = [await invite(), await invite()];
    t.deepEqual(again.json, sent.json);
    await mail.next(email, /An invitation/);
    t.false(mail.mails.some(({ to }) => to === email));
  });

  test('A10: an invitation is for the invited address, once the account shows that it has it', async (t) => {
    const team = await Team.found(server, mail);
    const guest = await server.register('Guest');
    const other = await confirmed('Other');
    const { id, token } = await team.invite(guest.email, 'manager');
    t.deepEqual(await itemsOf('/v1/users/me/invitations', guest.id), []);
    t.deepEqual(codeOf(await accept(id, guest.id)), [403, 'forbidden']);
    t.deepEqual(codeOf(await accept(id, guest.id, { token: `${token}x` })), [403, 'forbidden']);
    t.deepEqual(codeOf(await accept(id, other.id, { token })), [404, 'not-found']);
    t.deepEqual(codeOf(await accept(id, server.fresh('nobody'), { token })), [404, 'not-found']);
    const accepted = await accept(id, guest.id, { token });
    t.is(accepted.status, 200, accepted.text);
    t.like(accepted.json, { id: team.id, role: 'manager', memberCount: 2 });
    // The mail has shown the address.
    t.is((await server.get('/v1/users/me', { as: guest.id })).json['emailConfirmed'], true);
    t.deepEqual(codeOf(await accept(id, guest.id, { token })), [404, 'not-found']);
    t.deepEqual(
      (await itemsOf(`${team.path}/members`, guest.id)).map(({ name, role }) => [name, role]),
      [
        ['Founder', 'owner'],
        ['Guest', 'manager'],
      ],
    );
  });

  test('A10: who has confirmed the address sees an invitation, and takes it without the mail', async (t) => {
    const team = await Team.found(server, mail, 'Vases');
    const guest = await confirmed('Guest');
    const first = await team.invite(guest.email, 'support');
    const [shown, ...others] = await itemsOf('/v1/users/me/invitations', guest.id);
    t.deepEqual(others, []);
    t.like(shown, { id: first.id, organisationId: team.id, organisationName: 'Vases' });
    t.is((await decline(first.id, guest.id)).status, 204);
    t.deepEqual(await itemsOf(`${team.path}/invitations`, team.founder.id), []);
    const again = await team.invite(guest.email, 'support');
    t.is((await accept(again.id, guest.id)).status, 200);
    t.is((await organisationsOf(guest.id)).length, 2);
  });

  test('A10: a withdrawn invitation is good no more, and a new one replaces the earlier', async (t) => {
    const team = await Team.found(server, mail);
    const guest = await server.register('Guest');
    const first = await team.invite(guest.email, 'owner');
    const second = await team.invite(guest.email, 'support');
    const sent = await itemsOf(`${team.path}/invitations`, team.founder.id);
    t.deepEqual(
      sent.map(({ id, email, role }) => [id, email, role]),
      [[second.id, guest.email, 'support']],
    );
    t.is((await accept(first.id, guest.id, { token: first.token })).status, 403);
    const path = `${team.path}/invitations/${second.id}`;
    t.is((await server.call('DELETE', path, { as: team.founder.id })).status, 204);
    t.is((await server.call('DELETE', path, { as: team.founder.id })).status, 404);
    t.is((await accept(second.id, guest.id, { token: second.token })).status, 403);
  });

  test('A10: an invitation is mailed in the language that is asked for', async (t) => {
    const team = await Team.found(server, mail);
    const email = `${server.fresh('gast')}@example.com`;
    const sent = await server.post(`${team.path}/invitations`, {
      as: team.founder.id,
      headers: { 'accept-language': 'de' },
      body: { email, role: 'support' },
    });
    t.is(sent.status, 201);
    const german = await mail.next(email, /Einladung in ein Team/);
    t.true(german.body.includes('https://shop.example/invitation#token='));
    t.false(german.body.includes('Lamps'));
  });

  test('A10: a member who is taken out is refused by every gateway within a second', async (t) => {
    const team = await Team.found(server, mail);
    const { id } = await team.join('manager');
    const productId = await team.product();
    const change = async () =>
      (await server.call('PATCH', `/v1/products/${productId}`, { as: id, body: { name: 'x' } }))
        .status;
    t.deepEqual([await change(), await change()], [200, 200]);
    const changes = `/v1/changes?creator_id=${team.id}&follow=true`;
    const stream = await server.open('GET', changes, { as: id });
    t.is(stream.status, 200);
    const path = `${team.path}/members/${id}`;
    t.is((await server.call('DELETE', path, { as: team.founder.id })).status, 204);
    const removedAt = performance.now();
    // Which gateway a call goes to depends on other tests, so the whole time is waited for.
    await eventually(change, () => performance.now() - removedAt >= REMOVED_WITHIN_MS);
    for (let i = 0; i < 6; i++) t.is(await change(), 403);
    await t.notThrowsAsync(stream.read());
  });

  test('A10: there is always an owner; whoever is not needed may leave', async (t) => {
    const team = await Team.found(server, mail);
    const { id: heir } = await team.join('manager');
    const of = (userId: string) => `${team.path}/members/${userId}`;
    const founder = team.founder.id;
    const leave = (userId: string) => server.call('DELETE', of(userId), { as: userId });
    const role = (userId: string, to: string) =>
      server.call('PUT', of(userId), { as: founder, body: { role: to } });
    t.deepEqual(codeOf(await leave(founder)), [409, 'last-owner']);
    t.deepEqual(codeOf(await role(founder, 'manager')), [409, 'last-owner']);
    t.like((await role(heir, 'owner')).json, { userId: heir, role: 'owner' });
    t.is((await role(founder, 'support')).status, 200);
    t.is((await leave(founder)).status, 204);
    t.deepEqual(codeOf(await leave(heir)), [409, 'last-owner']);
    t.is((await server.get(team.path, { as: founder })).status, 404);
  });

  test('A10: others are invited into the organisation that one’s account is', async (t) => {
    const star = await server.register('Star');
    const helper = await confirmed('Helper');
    const path = `/v1/organisations/${star.id}`;
    const body = { email: helper.email, role: 'manager' };
    const sent = succeeded(await server.post(`${path}/invitations`, { as: star.id, body }));
    t.is((await accept(String(sent.json['id']), helper.id)).status, 200);
    const made = await server.post(`/v1/creators/${star.id}/products`, {
      as: helper.id,
      body: { name: 'Lamp' },
    });
    t.like(made.json, { creatorId: star.id });
    const own = `${path}/members/${star.id}`;
    t.deepEqual(codeOf(await server.call('DELETE', own, { as: star.id })), [409, 'last-owner']);
    const deletion = { as: star.id, body: { password: PASSWORD } };
    t.deepEqual(codeOf(await server.post('/v1/account/deletion', deletion)), [409, 'last-owner']);
    const shared = { as: star.id, body: { role: 'owner' } };
    succeeded(await server.call('PUT', `${path}/members/${helper.id}`, shared));
    t.deepEqual(codeOf(await server.call('DELETE', path, { as: helper.id })), [403, 'forbidden']);
  });

  test('A10, J11: a job of a drop is its creator’s, whoever began it, and no more of who left', async (t) => {
    const star = await server.register('Star');
    const helper = await confirmed('Helper');
    const path = `/v1/organisations/${star.id}`;
    const body = { email: helper.email, role: 'support' };
    const sent = succeeded(await server.post(`${path}/invitations`, { as: star.id, body }));
    succeeded(await accept(String(sent.json['id']), helper.id));
    const dropId = await server.drop(star.id);
    const begin = { as: helper.id, body: { all: true } };
    const begun = succeeded(await server.post(`/v1/drops/${dropId}/refunds`, begin));
    const job = `/v1/jobs/${String(begun.json['id'])}`;
    t.is((await server.get(job, { as: star.id })).status, 200);
    t.is((await server.get(job, { as: helper.id })).status, 200);
    succeeded(await server.call('DELETE', `${path}/members/${helper.id}`, { as: star.id }));
    const statusOf = async () => (await server.get(job, { as: helper.id })).status;
    t.is(await eventually(statusOf, (status) => status === 404), 404);
  });

  test('A10: an API key of an organisation acts for it, whoever made it', async (t) => {
    const team = await Team.found(server, mail);
    const { id: owner } = await team.join('owner');
    const made = await server.post(`${team.path}/api-keys`, {
      as: owner,
      body: { name: 'Desk', scopes: ['catalogue:write', 'contacts:write'] },
    });
    t.is(made.status, 201);
    const token = String(made.json['key']);
    const body = { name: 'Lamp' };
    const path = `/v1/creators/${team.id}/products`;
    t.is((await server.post(path, { token, body })).status, 201);
    t.is((await server.post(`/v1/creators/${owner}/products`, { token, body })).status, 403);
    t.is((await server.get('/v1/shop/contacts', { token })).status, 200);
    t.is((await itemsOf(`${team.path}/api-keys`, team.founder.id)).length, 1);
    t.deepEqual(await itemsOf('/v1/account/api-keys', owner), []);
    const location = String(made.headers.get('location'));
    t.is((await server.call('DELETE', location, { as: team.founder.id })).status, 204);
  });

  test('A8, A10: an owner hands over before the account goes, and what is one’s alone goes too', async (t) => {
    const team = await Team.found(server, mail);
    const { id: heir } = await team.join('support');
    const founder = team.founder.id;
    const made = await server.post('/v1/organisations', { as: founder, body: { name: 'Alone' } });
    const alone = String(made.json['id']);
    const remove = () =>
      server.post('/v1/account/deletion', { as: founder, body: { password: PASSWORD } });
    t.deepEqual(codeOf(await remove()), [409, 'last-owner']);
    const path = `${team.path}/members/${heir}`;
    succeeded(await server.call('PUT', path, { as: founder, body: { role: 'owner' } }));
    const asked = await Team.found(server, mail);
    await asked.invite(team.founder.email, 'support');
    t.is((await remove()).status, 202);
    t.deepEqual(await itemsOf(`${asked.path}/invitations`, asked.founder.id), []);
    const members = () => itemsOf(`${team.path}/members`, heir);
    const left = await eventually(members, (all) => all.length === 1);
    t.deepEqual(
      left.map(({ userId, role }) => [userId, role]),
      [[heir, 'owner']],
    );
    const shown = async () => (await server.get(`/v1/users/${alone}`)).json;
    t.is((await eventually(shown, ({ deleted }) => deleted === true))['deleted'], true);
  });

  test('A8, A10: one’s own data has the organisations and one’s role', async (t) => {
    const team = await Team.found(server, mail, 'Lamps');
    const { id } = await team.join('support');
    const exported = await server.get('/v1/account/export', { as: id });
    t.like(
      (exported.json['organisations'] as Json[]).find((one) => one['id'] === team.id),
      { name: 'Lamps', role: 'support' },
    );
  });

  test('A10, C1: members are in the changes of the organisation, addresses are not', async (t) => {
    const team = await Team.found(server, mail);
    const { id, email } = await team.join('manager');
    const { text } = await server.get(`/v1/changes?creator_id=${team.id}`, { as: id });
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Json)
      .filter(({ kind }) => kind === 'organisation');
    const { members } = lines.at(-1)!['organisation'] as { members: Json[] };
    t.deepEqual(
      members.map(({ userId, role }) => [userId, role]),
      [
        [team.founder.id, 'owner'],
        [id, 'manager'],
      ],
    );
    t.false(text.includes(email));
  });
});
