// The page on which a held order is paid, with Stripe: stand-ins take the place of its API and of
// its script, which goes through the page's content policy as the real one does.

import test from 'ava';
import { StripeStandIn } from '../../operator/stripe-stand-in/stand-in.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { account, PASSWORD, visit } from './shop.ts';

const run = chromiumInstalled ? test.serial : test.serial.skip;
const SECRET_KEY = 'sk_test_pages';
const PUBLISHABLE_KEY = 'pk_test_pages';
const WEBHOOK_SECRET = 'whsec_pages';

/** What the page uses of Stripe.js: a frame, and a call of the API. */
const SCRIPT = `window.Stripe = (key) => ({
  elements: ({ clientSecret }) => ({
    clientSecret,
    create: () => ({
      mount(place) {
        const frame = document.createElement('iframe');
        frame.title = 'Card';
        frame.src = 'https://js.stripe.com/v3/card.html';
        place.append(frame);
      },
      destroy() {},
    }),
  }),
  async confirmPayment({ elements: { clientSecret } }) {
    const id = clientSecret.split('_secret_')[0];
    const answer = await fetch('https://api.stripe.com/v1/payment_intents/' + id + '/confirm', {
      method: 'POST',
      headers: { authorization: 'Bearer ' + key },
      body: new URLSearchParams({ client_secret: clientSecret, payment_method: 'pm_card_visa' }),
    });
    return answer.ok ? {} : { error: { message: 'Your card was declined.' } };
  },
});`;

run(
  'U1, U4, R5: a payment is prepared, then Stripe’s form is there, and its word is not enough',
  async (t) => {
    t.timeout(400_000);
    let server: SaleServer | null = null;
    let isAway = true;
    const standIn = new StripeStandIn({
      port: 0,
      secretKey: SECRET_KEY,
      publishableKey: PUBLISHABLE_KEY,
      webhookSecret: WEBHOOK_SECRET,
      webhookUrl: () => (server === null ? null : `${server.nextUrl()}/v1/payments/stripe/webhook`),
      random: Math.random,
      fault: () => (isAway ? 'away' : 'none'),
    });
    t.teardown(() => standIn.stop());
    const api = await standIn.start();
    const started = await SaleServer.start('embedded', {
      LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
      LIVEDROPS_STRIPE_SECRET_KEY: SECRET_KEY,
      LIVEDROPS_STRIPE_PUBLISHABLE_KEY: PUBLISHABLE_KEY,
      LIVEDROPS_STRIPE_WEBHOOK_SECRET: WEBHOOK_SECRET,
      LIVEDROPS_STRIPE_API: api,
    });
    server = started;
    const [url] = server.urls;
    t.teardown(() => started.stop());
    const dropId = await server.drop(await account(server), {
      stock: 5,
      payment: 'provider',
      holdSeconds: 600,
    });
    const email = 'stripe-buyer@example.com';
    await server.post('/v1/auth/register', { body: { name: 'Ann', email, password: PASSWORD } });
    const browser = await openChromium(t);
    const { page, troubles } = await visit(browser, `${url}/log-in?next=/drops/${dropId}`);
    const foreign: string[] = [];
    await page.route(/stripe\.com/, async (route) => {
      const { pathname, host } = new URL(route.request().url());
      foreign.push(`${host}${pathname.replace(/pi_\w+/, 'pi')}`);
      if (host === 'api.stripe.com') {
        const response = await route.fetch({ url: `${api}${pathname}` });
        const headers = { ...response.headers(), 'access-control-allow-origin': '*' };
        return await route.fulfill({ response, headers });
      }
      const isScript = pathname === '/v3/';
      return await route.fulfill({
        contentType: isScript ? 'text/javascript' : 'text/html',
        body: isScript ? SCRIPT : '<!doctype html><title>Card</title>',
      });
    });
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: /^Buy for/ }).click();
    await page.getByRole('heading', { name: 'Held for you' }).waitFor();
    t.deepEqual(foreign, []);
    await page.getByRole('link', { name: /^Pay/ }).click();
    // The hold is there before the payment is: the page waits, and goes on without a reload.
    await page.getByText('The payment is being prepared').waitFor();
    t.is(await page.getByRole('button', { name: /^Pay/ }).count(), 0);
    t.deepEqual(foreign, []);
    isAway = false;
    await page.locator('iframe[title=Card]').waitFor();
    await page.getByRole('button', { name: /^Pay/ }).click();
    await page.getByRole('heading', { name: 'It is yours' }).waitFor();
    t.like((await server.get(`/v1/drops/${dropId}`)).json, { sold: 1, held: 0 });
    t.deepEqual(
      [...new Set(foreign)],
      [
        'js.stripe.com/v3/',
        'js.stripe.com/v3/card.html',
        'api.stripe.com/v1/payment_intents/pi/confirm',
      ],
    );
    t.deepEqual(troubles, []);
  },
);
