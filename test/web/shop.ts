// A server with its pages and one product on sale, and browsers that look at it.

import type { ExecutionContext } from 'ava';
import type { Browser } from 'playwright-core';
import { openPage, type WatchedPage } from '../servers/chromium.ts';
import { startSearchServer } from '../end-to-end/search-server.ts';
import type { Environment, Profile } from '../end-to-end/sale-nodes.ts';
import type { SaleServer } from '../end-to-end/sale-server.ts';

export const PASSWORD = 'battery staple';

/** Ends with the test. */
export async function startShop(
  t: ExecutionContext,
  profile: Profile,
  environment: Environment = {},
): Promise<SaleServer> {
  const server = await startSearchServer(profile, environment);
  t.teardown(() => server.stop());
  return server;
}

/** An account, made without a page. Resolves to the user's id. */
export async function account(server: SaleServer): Promise<string> {
  const body = { name: 'Mara Lindqvist', email: `${server.fresh('mara')}@example.com` };
  const made = await server.post('/v1/auth/register', { body: { ...body, password: PASSWORD } });
  return (made.json['user'] as { readonly id: string }).id;
}

export interface OperatorLogIn {
  readonly email: string;
  /** Each works once. */
  readonly codes: readonly string[];
}

/** An account of an operator or an auditor, with the codes of its second factor. */
export async function operatorAccount(
  server: SaleServer,
  role: 'operator' | 'auditor' = 'operator',
): Promise<OperatorLogIn> {
  const email = `${server.fresh(role)}@example.com`;
  await server.post('/v1/auth/register', { body: { name: 'Ada', email, password: PASSWORD } });
  const added = await server.post('/v1/operator/operators', {
    token: server.token('olga', 60, ['operator']),
    body: { email, role },
  });
  return { email, codes: added.json['recoveryCodes'] as readonly string[] };
}

/** A page of the console, logged in by hand. `code`: one of the account's. */
export async function visitConsole(
  browser: Browser,
  origin: string,
  { email, code }: { readonly email: string; readonly code: string },
  options: Parameters<typeof openPage>[1] = {},
): Promise<WatchedPage> {
  const watched = await visit(browser, `${origin}/console`, options);
  const { page, troubles } = watched;
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Code of your second factor').fill(code);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Nodes', level: 1 }).waitFor();
  // The log-in without a code was refused, as it has to be.
  troubles.length = 0;
  return watched;
}

let buyers = 0;

/** A new visitor's page at the address. */
export async function visit(
  browser: Browser,
  url: string,
  options: Parameters<typeof openPage>[1] = {},
): Promise<WatchedPage> {
  const watched = await openPage(browser, options);
  await watched.page.goto(url);
  return watched;
}

/** Makes an account on the page that is open, by hand. Resolves where the page leads back to. */
export async function register({ page }: WatchedPage): Promise<void> {
  buyers++;
  await page.getByRole('link', { name: 'New here? Make an account' }).click();
  await page.getByLabel('Name').fill(`Buyer ${buyers}`);
  await page.getByLabel('E-mail').fill(`buyer${buyers}@example.com`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Make the account' }).click();
}
