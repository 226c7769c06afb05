// The texts of mails, and which language is meant.

import test from 'ava';
import { MAIL_TEMPLATES, mailText } from '../../../app/mail/mail-texts.ts';
import { isTokenOf, LinkTokens, linkHash, parseLinkToken } from '../../../app/mail/link-tokens.ts';
import { SigningSecrets } from '../../../app/signing-secrets.ts';
import { acceptedLanguage, LANGUAGES } from '../../../contracts/languages.ts';

test('R4: every mail has both languages, and its link in both parts, escaped in HTML', (t) => {
  const link = 'https://shop.example/a?b=1&c="<x>';
  for (const template of MAIL_TEMPLATES) {
    const [english, german] = LANGUAGES.map((language) => mailText(template, language, link));
    t.not(english!.subject, german!.subject);
    for (const { text, html } of [english!, german!]) {
      t.true(text.includes(link));
      t.true(html.includes('href="https://shop.example/a?b=1&amp;c=&quot;&lt;x&gt;"'));
      t.false(html.includes(link));
    }
    t.false(mailText(template, 'en', null).html.includes('href'));
  }
});

test('R4: the language is the best that is accepted, and none where ours are not', (t) => {
  for (const [header, language] of [
    ['de', 'de'],
    ['de-AT', 'de'],
    ['en;q=0.5, de;q=0.9', 'de'],
    ['DE;q=0.3,en-GB;q=0.4', 'en'],
    ['fr, de;q=0', null],
    ['fr,*;q=0.1', null],
    ['', null],
    ['de;q=2', null],
    [`${'fr,'.repeat(10_000)}de`, null],
  ] as const) {
    t.is(acceptedLanguage(header), language, header.slice(0, 40));
  }
});

test("A7: a link's token is its user's and the server's, whatever the user's id is", (t) => {
  const make = (secret: string) =>
    new LinkTokens({ secrets: SigningSecrets.one(secret.repeat(32)), now: () => 0 });
  const [tokens, others] = [make('x'), make('y')];
  for (const userId of ['u_1', 'a.b|c', '...']) {
    const token = tokens.tokenOf(userId, 'l_1');
    t.deepEqual(parseLinkToken(token), { userId, linkId: 'l_1' });
    const link = { hash: linkHash(token) } as never;
    t.true(isTokenOf(link, token));
    t.false(isTokenOf(link, others.tokenOf(userId, 'l_1')));
    t.false(isTokenOf({ hash: '' } as never, token));
  }
  for (const text of ['', '.', 'l_1', 'l_1.x.', 'l_1.x.me', 'l 1.x.u', `l.${'x'.repeat(400)}`])
    t.is(parseLinkToken(text), null, text);
  t.not(tokens.keyOfAddress('a@x'), tokens.keyOfAddress('b@x'));
});
