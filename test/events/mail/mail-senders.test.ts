// Mail to a real SMTP server that takes, delays and refuses, and mail as files.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { FolderMailSender } from '../../../events/mail/mail-sender-folder.ts';
import { SmtpMailSender } from '../../../events/mail/mail-sender-smtp.ts';
import type { Mail } from '../../../events/mail/mail-sender.ts';
import { findProgram } from '../../servers/child-server.ts';
import { MailServer } from '../../servers/mail-server.ts';
import { removeDirectory, temporaryDirectory } from '../../storage/temporary-directory.ts';

const OPENSSL = findProgram('openssl');
const FROM = 'Shop <no-reply@shop.example>';
const LINK = `https://shop.example/confirm-email#token=${'x'.repeat(120)}`;

const mail = (change: Partial<Mail> = {}): Mail => ({
  id: 'l_1',
  to: 'ada@example.com',
  subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
  text: `Grüße\n\n${LINK}\n`,
  html: `<p>Grüße</p><p><a href="${LINK}">Bestätigen</a></p>`,
  language: 'de',
  ...change,
});

async function setUp(t: ExecutionContext, options = {}, url?: (server: MailServer) => string) {
  const server = await MailServer.start(options);
  const sender = new SmtpMailSender({ url: url?.(server) ?? server.url, from: FROM });
  t.teardown(async () => {
    await sender.stop();
    await server.stop();
  });
  return { server, sender };
}

test('R4: a mail arrives as plain text and HTML, whole, as automatic mail', async (t) => {
  const { server, sender } = await setUp(t);
  await sender.send(mail());
  const taken = await server.next('ada@example.com');
  t.is(taken.from, 'no-reply@shop.example');
  t.is(taken.subject, 'Bestätigen Sie Ihre E-Mail-Adresse');
  t.is(taken.body.split(LINK).length - 1, 2);
  t.true(taken.body.includes('Grüße'));
  for (const header of [
    'Message-ID: <l_1@shop.example>',
    'Auto-Submitted: auto-generated',
    'Content-Language: de',
    'Content-Type: multipart/alternative',
    'From: Shop <no-reply@shop.example>',
  ]) {
    t.true(taken.raw.includes(header), header);
  }
});

test('R4: an address is one address, whatever is in it', async (t) => {
  const { server, sender } = await setUp(t);
  const to = "o'hara+a!b=c@example.com";
  await sender.send(mail({ to }));
  t.is((await server.next(to)).to, to);
  t.is(server.mails.length, 0);
  await t.throwsAsync(sender.send(mail({ to: 'x@example.com\r\nBCC: eve@example.com' })));
  t.is(server.mails.length, 0);
});

test('R4: a refused recipient or message is refused for good', async (t) => {
  const { server, sender } = await setUp(t);
  await t.throwsAsync(sender.send(mail({ to: 'refused@example.com' })), { code: 'mail-refused' });
  server.troubles.push(554);
  await t.throwsAsync(sender.send(mail()), { code: 'mail-refused' });
  await sender.send(mail());
  t.is(server.mails.length, 1);
});

test('R4: delays, dropped connections and servers that are away are worth another attempt', async (t) => {
  const { server, sender } = await setUp(t);
  for (const trouble of [451, 421, 'drop'] as const) {
    server.troubles.push(trouble);
    const error = await t.throwsAsync(sender.send(mail()), undefined, String(trouble));
    const { code } = error as Error & { code?: unknown };
    if (trouble === 451) t.is(code, 'mail-deferred', 'it is about this mail');
    else t.false(['mail-refused', 'mail-deferred'].includes(String(code)), String(trouble));
  }
  await sender.send(mail());
  t.is(server.mails.length, 1);
  const nobody = new SmtpMailSender({ url: 'smtp://127.0.0.1:1', from: FROM });
  const away = await t.throwsAsync(nobody.send(mail()));
  t.not((away as { code?: unknown } | undefined)?.code, 'mail-refused');
  await nobody.stop();
});

if (OPENSSL === null) test.skip('R4: mail over TLS: no openssl on this machine', () => undefined);
else {
  test('R4: mail goes over TLS where the server has it, and only to whom it trusts', async (t) => {
    const directory = temporaryDirectory();
    t.teardown(() => removeDirectory(directory));
    const [certFile, keyFile] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
    const names = ['-subj', '/CN=mail', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const files = ['-keyout', keyFile, '-out', certFile, '-days', '2'];
    execFileSync(OPENSSL, ['req', ...kind, ...names, ...files], { stdio: 'ignore' });
    const [cert, key] = [certFile, keyFile].map((file) => readFileSync(file, 'utf8'));
    for (const secure of [false, true]) {
      const server = await MailServer.start({ cert: cert!, key: key!, secure });
      const scheme = secure ? 'smtps' : 'smtp';
      const url = `${scheme}://127.0.0.1:${server.port}${secure ? '' : '?requireTLS=true'}`;
      const sender = new SmtpMailSender({ url, from: FROM, ca: cert! });
      await sender.send(mail());
      t.true((await server.next('ada@example.com')).isSecure, scheme);
      const stranger = new SmtpMailSender({ url, from: FROM });
      await t.throwsAsync(stranger.send(mail()), undefined, scheme);
      t.is(server.mails.length, 0);
      await Promise.all([sender.stop(), stranger.stop()]);
      await server.stop();
    }
  });
}

test('R4: without a server mails are files, the newest ones, each once', async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const folder = join(directory, 'outbox');
  let now = 1_700_000_000_000;
  const sender = new FolderMailSender({ folder, from: FROM, now: () => now++, filesMax: 3 });
  for (const id of ['l_1', 'l_2', 'l_2', 'l_3', 'l_4']) await sender.send(mail({ id }));
  const names = readdirSync(folder).toSorted();
  t.deepEqual(
    names.map((name) => name.replace(/^\d+-/, '')),
    ['l_2.eml', 'l_3.eml', 'l_4.eml'],
  );
  const file = join(folder, names[0]!);
  t.true(readFileSync(file, 'utf8').includes('Message-ID: <l_2@shop.example>'));
  t.is(statSync(file).mode & 0o777, 0o600);
});
