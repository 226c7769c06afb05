// The playground of GraphQL in a real browser: a stranger lists, buys and watches there.

import ava, { type TestFn } from 'ava';
import type { Page } from 'playwright-core';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { chromiumInstalled, openChromium, openPage } from '../servers/chromium.ts';

const test = (chromiumInstalled ? ava : ava.skip) as TestFn;

async function open(page: Page, server: SaleServer): Promise<void> {
  await page.goto(`${server.urls[0]!}/docs/graphql`);
  await page.locator('.graphiql-query-editor .CodeMirror').waitFor();
}

/** Writes the value into the pane with the name, as JSON, in place of what it has. */
async function fill(page: Page, pane: 'Variables' | 'Headers', value: object): Promise<void> {
  await page.locator('.graphiql-editor-tools').getByRole('button', { name: pane }).click();
  await page.locator('.graphiql-editor-tool .CodeMirror:visible').click();
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.insertText(JSON.stringify(value));
}

async function run(page: Page): Promise<void> {
  await page.locator('.graphiql-execute-button').click();
}

/** Resolves when the answer has the text. */
async function answered(page: Page, text: string): Promise<void> {
  await page.locator('.graphiql-response', { hasText: text }).waitFor();
}

test('G1: a stranger lists live drops, buys and watches one in the playground', async (t) => {
  const server = await SaleServer.start('embedded');
  t.teardown(() => server.stop());
  const dropId = await server.drop(server.fresh('creator'), { stock: 7 });
  const { session, id: buyer } = await server.register('Ada');
  const { page, troubles, origins } = await openPage(await openChromium(t));
  await open(page, server);
  await run(page);
  await answered(page, `"restId": "${dropId}"`);

  await page.getByRole('tab', { name: 'Buy' }).click();
  const input = { dropId, quantity: 1, idempotencyKey: 'my-first-order' };
  await fill(page, 'Variables', { input });
  await run(page);
  await answered(page, 'unauthenticated');
  await fill(page, 'Headers', { authorization: `Bearer ${String(session['accessToken'])}` });
  await run(page);
  await answered(page, '"status": "CONFIRMED"');
  const byRest = await server.order(dropId, buyer, 'my-first-order');
  t.is(byRest.json['status'], 'confirmed');

  await page.getByRole('tab', { name: 'Watch' }).click();
  await fill(page, 'Variables', { id: dropId });
  await run(page);
  await answered(page, '"free": 6');
  await server.order(dropId, server.fresh('buyer'), 'another');
  await answered(page, '"free": 5');

  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.getByRole('dialog').getByText('Theme').waitFor();
  t.deepEqual([...origins], [server.urls[0]!]);
  // What a browser says of an answer with the status 401.
  t.deepEqual(
    troubles.filter((trouble) => !trouble.includes('status of 401') && !isOfDialog(trouble)),
    [],
  );
  t.is(await page.evaluate('localStorage.length + sessionStorage.length'), 0, 'tokens are kept');
});

/** GraphiQL's own dialog has no description for readers of screens. */
function isOfDialog(trouble: string): boolean {
  return trouble.includes('Missing `Description`');
}

test('G5: where the schema is not told, the playground says so and runs operations', async (t) => {
  const server = await SaleServer.start('embedded', { LIVEDROPS_GRAPHQL_INTROSPECTION: 'off' });
  t.teardown(() => server.stop());
  const { page, troubles } = await openPage(await openChromium(t));
  await open(page, server);
  t.regex(await page.locator('main').innerText(), /does not tell its schema/);
  await run(page);
  await answered(page, '"drops"');
  t.deepEqual(troubles, []);
});
