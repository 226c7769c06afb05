// `livedrops stripe-stand-in`: it takes the server's keys, answers on its port, and ends on a
// signal.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runCommand } from './run-command.ts';

const COMMAND = fileURLToPath(new URL('../../operator/livedrops.mjs', import.meta.url));
const WEBHOOK = ['--webhook', 'http://127.0.0.1:9/v1/payments/stripe/webhook'];
const STRIPE = {
  LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
  LIVEDROPS_STRIPE_SECRET_KEY: 'sk_test_x',
  LIVEDROPS_STRIPE_WEBHOOK_SECRET: 'whsec_x',
};

test('R5: the stand-in answers calls with the server’s key, and ends on SIGTERM', async (t) => {
  const child = spawn(process.execPath, [COMMAND, 'stripe-stand-in', '--port', '0', ...WEBHOOK], {
    env: { ...process.env, ...STRIPE },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const [, url] = /ready on (http:\S+)$/.exec(line) ?? [];
  t.truthy(url, line);
  const create = (key: string) =>
    fetch(`${url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: new URLSearchParams({ amount: '1000', currency: 'eur' }),
    });
  t.is((await create('sk_test_other')).status, 401);
  t.is((await create('sk_test_x')).status, 200);
  child.kill('SIGTERM');
  t.deepEqual(await once(child, 'exit'), [0, null]);
});

test('R5: without Stripe’s settings the stand-in says what is missing', async (t) => {
  const { code, stderr } = await runCommand(['stripe-stand-in', ...WEBHOOK], { environment: {} });
  t.is(code, 1);
  t.regex(stderr, /LIVEDROPS_PAYMENT_PROVIDER must be stripe/);
  const wrong = await runCommand(['stripe-stand-in', '--webhook', 'x'], { environment: {} });
  t.is(wrong.code, 2);
});
