// The studio's list of followers in a real browser.

import test from 'ava';
import { eventually } from '../end-to-end/sale-client.ts';
import { chromiumInstalled, openChromium } from '../servers/chromium.ts';
import { PASSWORD, startShop, visit } from './shop.ts';

/** Generous: browsers and gateways keep a profile for seconds. */
const CACHED_MAX_MS = 90_000;

const run = chromiumInstalled ? test.serial : test.serial.skip;

run(
  'U2: a creator without followers is told so, and sees the first one with the count',
  async (t) => {
    t.timeout(600_000);
    const server = await startShop(t, 'embedded');
    const [origin] = server.urls;
    const make = async (name: string) => {
      const body = { name, email: `${server.fresh('user')}@example.com`, password: PASSWORD };
      const { json } = await server.post('/v1/auth/register', { body });
      return { email: body.email, id: (json['user'] as { readonly id: string }).id };
    };
    const [creator, fan] = [await make('Mara Lindqvist'), await make('Ann Ode')];
    await server.drop(creator.id, { stock: 1 });
    const browser = await openChromium(t);
    const { page, troubles } = await visit(browser, `${origin}/studio/followers`);
    await page.getByLabel('E-mail').fill(creator.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Nobody follows you yet' }).waitFor();

    const shop = await visit(browser, `${origin}/log-in?next=/creators/${creator.id}`);
    await shop.page.getByLabel('E-mail').fill(fan.email);
    await shop.page.getByLabel('Password').fill(PASSWORD);
    await shop.page.getByRole('button', { name: 'Log in' }).click();
    await shop.page.getByRole('button', { name: 'Follow', exact: true }).click();
    await shop.page.getByRole('button', { name: 'Following' }).waitFor();

    // The list and the count may be as old as caches allow (C2).
    const look = async () => {
      await page.reload({ waitUntil: 'networkidle' });
      const shown = [page.getByText('Ann Ode'), page.getByText('1 follower', { exact: true })];
      return (await shown[0]!.isVisible()) && (await shown[1]!.isVisible());
    };
    t.true(await eventually(look, Boolean, CACHED_MAX_MS));
    t.deepEqual([...troubles, ...shop.troubles], []);
  },
);
