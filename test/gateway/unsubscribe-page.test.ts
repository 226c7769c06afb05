// The page of a mail's link, as browsers and programs see it where the link is damaged.

import test from 'ava';
import { refusal } from '../../domain/refusal.ts';
import { startFixture } from './fixture.ts';

const PATH = '/v1/mail/unsubscribe';
const BROWSER = 'text/html,application/xhtml+xml,*/*;q=0.8';
/** Each a wish for something else than a page. */
const PROGRAMS = ['', '*/*', 'application/json', 'application/json, text/html;q=0', 'text/htmlx'];

test('R2: a damaged link shows browsers a page, and tells programs the problem', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['preferences.unsubscribe'] = () => refusal('forbidden');
  const ask = (method: string, query: string, accept: string) =>
    fetch(`http://127.0.0.1:${fixture.port}${PATH}${query}`, { method, headers: { accept } });
  for (const [method, query, status] of [
    ['GET', '', 400],
    ['GET', '?token=', 400],
    ['GET', '?token=a&more=b', 400],
    ['POST', '', 400],
    ['POST', '?token=orders.wrong.u_ada', 403],
  ] as const) {
    const page = await ask(method, query, BROWSER);
    t.is(page.status, status, query);
    t.is(page.headers.get('content-type'), 'text/html; charset=utf-8');
    t.is(page.headers.get('cache-control'), 'no-store');
    t.regex(page.headers.get('content-security-policy')!, /^default-src 'none'/);
    const html = await page.text();
    t.regex(html, /<h1>This link does not work<\/h1>/);
    t.notRegex(html, /<form/);
    for (const accept of PROGRAMS) {
      const told = await ask(method, query, accept);
      t.is(told.status, status, accept);
      t.is(told.headers.get('content-type'), 'application/problem+json');
      t.like(await told.json(), { status });
    }
  }
});

test('R2: a link whose mails cannot be ended now says to try again', async (t) => {
  const fixture = await startFixture(t);
  fixture.actions['preferences.unsubscribe'] = () => refusal('unavailable');
  const page = await fetch(`http://127.0.0.1:${fixture.port}${PATH}?token=t`, {
    method: 'POST',
    headers: { accept: BROWSER },
  });
  t.is(page.status, 503);
  t.truthy(page.headers.get('retry-after'));
  t.regex(await page.text(), /Please try again/);
});
