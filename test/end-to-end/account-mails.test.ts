// Accounts by mail against the whole server, with a real SMTP server: addresses that are confirmed
// and changed, passwords that are forgotten.

import { LiveClient } from './live-client.ts';
import { onEachProfile } from './profiles.ts';
import type { Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';
import { linkTokenOf, MailServer } from '../servers/mail-server.ts';

const PASSWORD = 'correct horse battery';

onEachProfile((test, profile) => {
  let mailServer: MailServer;
  let server: SaleServer;
  test.before(async () => {
    mailServer = await MailServer.start();
    server = await SaleServer.start(profile, {
      LIVEDROPS_SMTP_URL: mailServer.url,
      LIVEDROPS_MAIL_FROM: 'Shop <no-reply@shop.example>',
      LIVEDROPS_PUBLIC_URL: 'https://shop.example/',
    });
  });
  test.after.always(async () => {
    await server?.stop();
    await mailServer?.stop();
  });

  const accessOf = (session: Json) => String(session['accessToken']);
  const isConfirmed = async (session: Json) =>
    (await server.get('/v1/users/me', { token: accessOf(session) })).json['emailConfirmed'];
  const confirm = (token: string) => server.post('/v1/auth/confirm-email', { body: { token } });
  const logIn = (email: string, password = PASSWORD) =>
    server.post('/v1/auth/login', { body: { email, password } });

  test('A7: an address is confirmed by the link that registration mails', async (t) => {
    const { email, session } = await server.register('Ada');
    const mail = await mailServer.next(email, /Confirm your/);
    t.true(mail.body.includes('https://shop.example/confirm-email#token='));
    t.is(await isConfirmed(session), false);
    const token = linkTokenOf(mail);
    const changed = await confirm(
      token.replace(/.\.u_/, (end) => (end[0] === 'A' ? `B${end.slice(1)}` : `A${end.slice(1)}`)),
    );
    t.deepEqual([changed.status, changed.json['code']], [403, 'forbidden']);
    t.is((await confirm(token)).status, 204);
    t.is(await isConfirmed(session), true);
    t.is((await confirm(token)).status, 403);
    const again = '/v1/account/email/confirmation';
    t.is((await server.post(again, { token: accessOf(session) })).status, 202);
  });

  test('A7: the link is mailed again, in the language that is asked for, so often an hour', async (t) => {
    const { email, session } = await server.register('Ada');
    await mailServer.next(email, /Confirm your/);
    const path = '/v1/account/email/confirmation';
    const ask = () =>
      server.post(path, { token: accessOf(session), headers: { 'accept-language': 'de-AT' } });
    t.is((await ask()).status, 202);
    const german = await mailServer.next(email, /Bestätigen Sie/);
    t.true(german.body.includes('3 Tage'));
    for (let i = 0; i < 3; i++) t.is((await ask()).status, 202);
    const refused = await ask();
    t.deepEqual([refused.status, refused.json['code']], [429, 'rate-limited']);
    t.is((await confirm(linkTokenOf(german))).status, 204);
  });

  test('A7, X5: a forgotten password is set by a link, once, and all sessions end', async (t) => {
    const { id, email, session } = await server.register('Ada');
    const stream = await LiveClient.listen(t, server, id, accessOf(session));
    const forgot = (address: string) =>
      server.post('/v1/auth/forgot-password', { body: { email: address } });
    const [known, unknown] = [await forgot(email.toUpperCase()), await forgot('who@example.com')];
    t.deepEqual([known.status, known.text], [unknown.status, unknown.text]);
    t.is(known.status, 202);
    const token = linkTokenOf(await mailServer.next(email, /A new password/));
    const reset = (newPassword: string, by = token) =>
      server.post('/v1/auth/reset-password', { body: { token: by, newPassword } });
    t.is((await confirm(token)).status, 403);
    t.is((await reset('short')).status, 422);
    const both = await Promise.all([reset('a new password'), reset('another password')]);
    t.deepEqual(
      both.map(({ status }) => status).toSorted((a, b) => a - b),
      [204, 403],
    );
    const password = both[0].status === 204 ? 'a new password' : 'another password';
    t.is(await stream.closed(), 4401);
    t.is((await reset('a third password')).status, 403);
    const refresh = { refreshToken: session['refreshToken'] };
    t.is((await server.post('/v1/auth/refresh', { body: refresh })).status, 401);
    t.is((await logIn(email)).status, 401);
    const logged = await logIn(email, password);
    t.is(logged.status, 200);
    t.is(await isConfirmed(logged.json), true);
    t.truthy(await mailServer.next(email, /password was changed/));
    const audited = await server.get('/v1/audit', { token: accessOf(logged.json) });
    t.like(audited.json['items'], [
      {
        action: 'accounts.resetPassword',
        actor: { kind: 'user', id },
        target: { type: 'account', id },
        outcome: 'done',
        address: '127.0.0.1',
      },
    ]);
    t.is((audited.json['items'] as Json[]).length, 1);
  });

  test('A7: a link for a new password ends when the password changes otherwise', async (t) => {
    const { email, session } = await server.register('Ada');
    await server.post('/v1/auth/forgot-password', { body: { email } });
    const token = linkTokenOf(await mailServer.next(email, /A new password/));
    const body = { currentPassword: PASSWORD, newPassword: 'a new password' };
    const path = '/v1/account/password';
    t.is((await server.post(path, { token: accessOf(session), body })).status, 204);
    const reset = { token, newPassword: 'a third password' };
    t.is((await server.post('/v1/auth/reset-password', { body: reset })).status, 403);
    t.is((await logIn(email, 'a new password')).status, 200);
  });

  test('A7, A1b, X5: an address changes when the new one answers, and the old one is told', async (t) => {
    const { id, email, session } = await server.register('Ada');
    const { email: taken } = await server.register('Eve');
    const wanted = `${server.fresh('new')}@bücher.example`;
    const stored = wanted.replace('bücher', 'xn--bcher-kva');
    const change = (to: string, password = PASSWORD) =>
      server.post('/v1/account/email', {
        token: accessOf(session),
        body: { email: to, password },
      });
    const answers = [
      await change(wanted, 'wrong horse battery'),
      await change(taken.toUpperCase()),
      await change(email.toUpperCase()),
      await change('nonsense'),
    ];
    t.deepEqual(
      answers.map(({ status, json }) => [status, json['code']]),
      [
        [403, 'forbidden'],
        [409, 'email-taken'],
        [422, 'invalid-request'],
        [422, 'invalid-request'],
      ],
    );
    t.is((await change(wanted)).status, 202);
    const token = linkTokenOf(await mailServer.next(wanted, /Confirm your new/));
    t.is((await logIn(email)).status, 200);
    t.is((await confirm(token)).status, 204);
    const told = await mailServer.next(email, /address was changed/);
    t.false(/b.cher/.test(told.raw));
    t.is((await logIn(email)).status, 401);
    const logged = await logIn(wanted);
    t.is((logged.json['user'] as Json)['id'], id);
    t.like(logged.json['user'], { email: stored, emailConfirmed: true });
    const audited = await server.get('/v1/audit', { token: accessOf(logged.json) });
    t.like(audited.json['items'], [
      { action: 'accounts.confirmEmail', actor: { id }, params: { purpose: 'change' } },
      { action: 'accounts.changeEmail', actor: { id } },
    ]);
    t.false(/b.cher/.test(audited.text));
    const free = { email, password: PASSWORD, name: 'Next' };
    t.is((await server.post('/v1/auth/register', { body: free })).status, 201);
    t.is((await confirm(token)).status, 403);
  });

  test('R4: a mail that the server delays comes, one that it refuses disturbs nobody', async (t) => {
    mailServer.troubles.push(451);
    const delayed = await server.register('Ada');
    t.truthy(await mailServer.next(delayed.email));
    const email = `refused-${server.fresh('x')}@example.com`;
    const body = { email, password: PASSWORD, name: 'Ben' };
    t.is((await server.post('/v1/auth/register', { body })).status, 201);
    t.is((await logIn(email)).status, 200);
    const after = await server.register('Cleo');
    t.truthy(await mailServer.next(after.email));
  });
});
