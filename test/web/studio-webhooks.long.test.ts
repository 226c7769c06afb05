// Webhooks in the studio, in a real browser: made, tried, failing, sent again, with another secret,
// paused, removed.

import test from 'ava';
import { answer, accept, WebhookReceiver } from '../servers/webhook-receiver.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { register, startShop, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;

run('U2, R3: a creator makes a webhook, sees its calls, and ends it', async (t) => {
  t.timeout(600_000);
  const server = await startShop(t, 'embedded', { LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8' });
  const receiver = await WebhookReceiver.start();
  t.teardown(() => receiver.stop());
  const browser = await openChromium(t);
  const creator = await visit(browser, `${server.urls[0]}/studio/webhooks`);
  const { page, troubles } = creator;
  await register(creator);
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();

  await page.getByRole('button', { name: 'New webhook' }).click();
  const make = page.getByRole('button', { name: 'Make the webhook' });
  await page.getByLabel('Address').fill(`${receiver.url}/hooks`);
  await page.getByLabel('What it is for').fill('The warehouse');
  const ofOrders = page.getByRole('group', { name: 'Orders' });
  await ofOrders.getByLabel('All', { exact: true }).check();
  await ofOrders.getByLabel('All', { exact: true }).uncheck();
  await page.getByText('Choose at least one kind of event.').waitFor();
  t.true(await make.isDisabled());
  await ofOrders.getByLabel('An order is paid, or needs no payment').check();
  await make.click();

  await page.getByRole('heading', { name: 'Its secret, shown this once' }).waitFor();
  const secretField = page.getByLabel('Secret', { exact: true });
  const secret = await secretField.inputValue();
  t.regex(secret, /^whsec_/);
  receiver.secrets = [secret];
  await page.getByRole('button', { name: 'I have put it in place' }).click();
  await secretField.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Send a test event' }).click();
  const [call] = await receiver.arrived(1);
  t.like(call, { isVerified: true, json: { type: 'webhook.test' } });
  const listed = page.locator('details.webhook-delivery');
  await listed.filter({ hasText: 'Taken' }).getByText('1 attempt: 204').click();
  await page.getByRole('cell', { name: '204' }).waitFor();

  receiver.behave = answer(500, {}, 'no room here');
  await page.getByRole('button', { name: 'Send a test event' }).click();
  const failing = listed.first();
  await failing.getByText(/1 attempt: 500 http-5xx, next attempt/).click();
  await failing.getByText('no room here').waitFor();
  receiver.behave = accept;
  await failing.getByRole('button', { name: 'Send again' }).click();
  await failing.getByText('Taken').waitFor();
  const ids = receiver.calls.map(({ id }) => id);
  t.is(ids.at(-1), ids.at(1));

  await page.getByRole('button', { name: 'New secret' }).click();
  await page.getByLabel('The old secret signs as well for').selectOption('an hour');
  await page.getByRole('button', { name: 'Make the new secret' }).click();
  await secretField.waitFor();
  const other = await secretField.inputValue();
  t.not(other, secret);
  receiver.secrets = [secret, other];
  const before = receiver.calls.length;
  await page.getByRole('button', { name: 'Send a test event' }).click();
  const calls = await receiver.arrived(before + 1);
  t.like(calls.at(-1), { isVerified: true, signedBy: 2 });
  await page.reload();
  await page.getByRole('heading', { name: 'Calls' }).waitFor();
  t.is(await secretField.count(), 0, 'a secret is shown once');

  await page.getByLabel('What it is for').fill('The other warehouse');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();

  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('button', { name: 'Pause it' }).click();
  await page.getByText('It is paused: what happens now is not sent.').waitFor();
  t.is(await page.getByRole('button', { name: 'Send a test event' }).count(), 0);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByText('It is called from now on.').waitFor();

  await page.getByRole('button', { name: 'Remove' }).click();
  const go = page.getByRole('button', { name: 'Remove the webhook' });
  t.true(await go.isDisabled());
  await page.getByLabel(/^It is removed/).fill(new URL(receiver.url).host);
  await go.click();
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor();
  t.deepEqual(troubles, []);
});
