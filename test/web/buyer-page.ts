// A buyer in a browser who is logged in and looks at a drop, and what the page said in which order.

import type { ExecutionContext } from 'ava';
import type { Browser, Page } from 'playwright-core';
import { eventually, type SaleClient } from '../end-to-end/sale-client.ts';
import { PASSWORD, visit } from './shop.ts';

export const BUY = { name: /^(Buy for|Ask again|Try again)/ } as const;
const YOURS = { name: 'It is yours' } as const;
/** For a machine that is busy with other tests. */
const SETTLED_MAX_MS = 120_000;

/**
 * Reports, in their order, answers that confirm an order and the words "It is yours" on the page,
 * over any number of reloads.
 */
const WITNESS = `{
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request);
    if (/orders/.test(response.url) && /"status":"confirmed"/.test(await response.clone().text()))
      witness('answer');
    return response;
  };
  const look = () => {
    const titles = [...document.querySelectorAll('h2')].map(({ textContent }) => textContent);
    if (titles.includes('It is yours')) witness('yours');
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}`;

export interface BuyerPage {
  readonly page: Page;
  readonly email: string;
  readonly userId: string;
  readonly dropId: string;
  /** `answer` and `yours`, as they came. */
  readonly seen: string[];
}

interface BuyerPageOptions {
  readonly browser: Browser;
  /** Of the page. */
  readonly url: string;
  /** Makes the account. */
  readonly client: SaleClient;
  readonly dropId: string;
}

/** A new buyer, on the page of the drop. */
export async function buyerAtDrop(options: BuyerPageOptions): Promise<BuyerPage> {
  const { browser, url, client, dropId } = options;
  const email = `${client.fresh('buyer')}@example.com`;
  const body = { name: 'Buyer', email, password: PASSWORD };
  const made = await client.post('/v1/auth/register', { body });
  const { id: userId } = made.json['user'] as { readonly id: string };
  const { page } = await visit(browser, 'about:blank');
  const seen: string[] = [];
  await page.exposeFunction('witness', (what: string) => seen.push(what));
  await page.addInitScript(WITNESS);
  await page.goto(`${url}/log-in?next=/drops/${dropId}`);
  await logIn(page, email);
  await page.getByRole('button', BUY).waitFor();
  return { page, email, userId, dropId, seen };
}

export async function logIn(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Presses again where the page is not sure, as a person does. Ends when it says "yours". */
export async function untilYours(t: ExecutionContext, page: Page): Promise<void> {
  const isYours = await eventually(
    async () => {
      if (await page.getByRole('heading', YOURS).isVisible()) return true;
      const again = page.getByRole('button', BUY);
      if (await again.isEnabled({ timeout: 50 }).catch(() => false))
        await again.click({ timeout: 500 }).catch(() => undefined);
      return false;
    },
    (is) => is,
    SETTLED_MAX_MS,
  );
  t.true(isYours);
}

/** The buyer has one order of the drop, and the page said so after its answer. */
export async function checkOneOrder(
  t: ExecutionContext,
  client: SaleClient,
  { dropId, userId, seen }: BuyerPage,
): Promise<void> {
  const orders = await eventually(
    async () => {
      const all = await client.listAll(`/v1/drops/${dropId}/orders`, 'cleo');
      return all.filter((order) => order['userId'] === userId);
    },
    ({ length }) => length > 0,
  );
  t.is(orders.length, 1);
  t.is(seen[0], 'answer');
  t.true(seen.includes('yours'));
}
