// `livedrops rehearse` against a real server: the sale, and that nothing of it is seen afterwards
// (X8).

import test from 'ava';
import { SaleServer } from '../../end-to-end/sale-server.ts';
import type { Json } from '../../end-to-end/sale-client.ts';
import { runCommand } from '../run-command.ts';

const BUYERS = 200;

let server: SaleServer;
test.before(async () => {
  server = await SaleServer.start('embedded', { LIVEDROPS_RATE_LIMITS: 'off' });
});
test.after.always(() => server?.stop());

const rehearse = (args: readonly string[], more: { interruptAfterError?: true } = {}) => {
  const sizes = ['--buyers', String(BUYERS), '--stock', '30', '--watchers', '4'];
  const all = ['rehearse', '--url', server.nextUrl(), ...sizes, ...args];
  return runCommand(all, { environment: server.settings, ...more });
};

async function assertHidden(t: { deepEqual(actual: unknown, expected: unknown): unknown }) {
  for (const path of ['/v1/drops', '/v1/products'])
    t.deepEqual((await server.get(path)).json['items'], []);
}

test.serial(
  'X8, D10: a sale by the public door passes, and nothing of it is seen afterwards',
  async (t) => {
    const { code, stdout, stderr } = await rehearse(['--seconds', '2', '--json']);
    t.is(code, 0, `${stdout}\n${stderr}`);
    const figures = JSON.parse(stdout) as Json & { drop: Json; latencies: Json };
    t.like(figures, {
      buyers: BUYERS,
      buyersAnswered: BUYERS,
      orders: 30,
      watchers: 4,
      sawStart: 4,
    });
    t.like(figures.drop, { sold: 30, free: 0, stocked: 30 });
    t.true(Number(figures.latencies['p99']) > 0);
    t.deepEqual(figures['leftBehind'], []);
    t.deepEqual(figures['shownIn'], []);
    t.true(figures.drop['unlisted']);
    const unlisted = (figures['report'] as Json[]).find(({ text }) =>
      String(text).includes('was unlisted'),
    );
    t.true(unlisted?.['passed']);
    const dropId = String(figures.drop['id']);
    t.is((await server.get(`/v1/drops/${dropId}`)).status, 404);
    const token = server.token('olga', 3_600, ['operator']);
    const cancelled = await server.get(`/v1/drops/${dropId}`, { token });
    t.like(cancelled.json, { status: 'cancelled', unlisted: true });
    await assertHidden(t);
    const creator = String(figures.drop['creatorId']);
    t.is((await server.get(`/v1/users/${creator}`)).status, 404);
  },
);

test.serial('X8: Ctrl-C takes away what is there, too', async (t) => {
  const { code, stdout, stderr } = await rehearse(['--seconds', '60'], {
    interruptAfterError: true,
  });
  t.is(code, 1);
  t.is(stdout, '');
  t.regex(stderr, /cancelled and hidden\nlivedrops: interrupted\n$/);
  await assertHidden(t);
});

test.serial('X8: elsewhere than on this machine it asks first', async (t) => {
  const url = 'http://shop.example.invalid';
  const { code, stderr } = await runCommand(['rehearse', '--url', url], {
    environment: server.settings,
  });
  t.is(code, 1);
  t.regex(stderr, /2,000 buyers will order at shop\.example\.invalid.*--yes/);
});

test.serial('X8: without a way to take it away nothing is made', async (t) => {
  const { code, stderr } = await rehearse(['--operators', 'http://127.0.0.1:1']);
  t.is(code, 1);
  t.regex(stderr, /no server at http:\/\/127\.0\.0\.1:1 answers/);
  t.false(stderr.includes('watchers connect'));
});
