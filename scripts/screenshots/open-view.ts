// Opens a view as the table of views says, with what the network does to it: for pictures and for
// tests of all states.

import type { Page } from 'playwright-core';
import type { View } from './views.ts';

const API = /\/v1\//;
/** A problem of the server, so that the client does not try again. */
const FAILURE = {
  status: 500,
  contentType: 'application/problem+json',
  body: JSON.stringify({
    type: 'about:blank',
    title: 'Something went wrong.',
    status: 500,
    code: 'internal',
  }),
};

/** Resolves when it is shown; the network stays as it is until `endView`. */
export async function openView(page: Page, url: string, view: View): Promise<void> {
  const { network = 'well' } = view;
  if (network === 'late') await page.route(API, () => undefined);
  if (network === 'failing') await page.route(API, (route) => route.fulfill(FAILURE));
  await page.goto(`${url}${view.path}`);
  const main = page.locator('main');
  // A view without its data has no text that is known.
  if (network === 'late') await main.locator('[aria-busy=true]').first().waitFor();
  else if (network === 'failing') await main.getByRole('alert').first().waitFor();
  else await main.getByText(view.ready).first().waitFor();
  if (network !== 'offline') return;
  await page.context().setOffline(true);
  await page.locator('.band').first().waitFor();
}

export async function endView(page: Page): Promise<void> {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.context().setOffline(false);
}
