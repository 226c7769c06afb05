// Operators' accounts against the whole server: made by the command, logged in with a second
// factor, and an auditor who sees and changes nothing.

import { Secret, TOTP } from 'otpauth';
import { runCommand } from '../operator/run-command.ts';
import { journeyOnEachProfile } from './profiles.ts';
import { type Answer, type Json, succeeded } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const PASSWORD = 'correct horse battery';
const OPERATORS = '/v1/operator/operators';
const BAD = [
  {},
  { email: 'ada@example.com' },
  { email: 'ada', role: 'operator' },
  { email: 'ada@example.com', role: 'creator' },
  { email: 'ada@example.com', role: 'operator', userId: 'u_1' },
  { email: ['ada@example.com'], role: 'operator' },
];

interface Added {
  readonly userId: string;
  readonly email: string;
  readonly password: string | null;
  readonly secondFactorUri: string;
  readonly recoveryCodes: readonly string[];
}

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  const operate = async (...args: string[]) => {
    const url = ['--url', server.nextUrl()];
    return await runCommand(['operator', ...args, ...url], { environment: server.settings });
  };

  async function add(email: string, role = 'operator'): Promise<Added> {
    const options = { token: server.token('olga', 60, ['operator']), body: { email, role } };
    return succeeded(await server.post(OPERATORS, options)).json as unknown as Added;
  }

  const logIn = async (email: string, password: string, code?: string): Promise<Answer> =>
    await server.post('/v1/auth/login', {
      body: { email, password, ...(code !== undefined && { code }) },
    });

  /** A code that no earlier one makes useless. */
  function codeOf({ secondFactorUri }: Added, steps = 0): string {
    const secret = new URL(secondFactorUri).searchParams.get('secret')!;
    const timestamp = Date.now() + steps * 30_000;
    return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
  }

  const claimsOf = (token: unknown): Json =>
    JSON.parse(Buffer.from(String(token).split('.')[1]!, 'base64url').toString()) as Json;

  const nodes = async (token: unknown): Promise<number> =>
    (await server.get('/v1/operator/nodes', { token: String(token) })).status;

  test('X3a: an operator logs in with password and code, and only so has the role', async (t) => {
    const { email, session } = await server.register('Ada');
    t.is(await nodes(session['accessToken']), 403);
    const added = await add(email);
    t.is(added.password, null);
    const ended = async () => await nodes(session['accessToken']);
    t.is(await server.inAMoment(ended, (status) => status === 401), 401);
    t.is(
      (await server.post('/v1/auth/refresh', { body: { refreshToken: session['refreshToken'] } }))
        .status,
      401,
    );

    const asked = await logIn(email, PASSWORD);
    t.deepEqual([asked.status, asked.json['code']], [401, 'second-factor-required']);
    const wrong = await logIn(email, PASSWORD, '000000');
    t.deepEqual([wrong.status, wrong.json['code']], [401, 'second-factor-required']);
    const guessed = await logIn(email, 'not the password', codeOf(added));
    t.deepEqual([guessed.status, guessed.json['code']], [401, 'unauthenticated']);

    const code = codeOf(added);
    const { status, json } = await logIn(email, PASSWORD, code);
    t.is(status, 200);
    t.like(claimsOf(json['accessToken']), { roles: ['operator'], amr: ['pwd', 'mfa'] });
    t.deepEqual((json['user'] as Json)['roles'], ['operator']);
    t.is(await nodes(json['accessToken']), 200);
    t.is((await logIn(email, PASSWORD, code)).json['code'], 'second-factor-required');
    t.is((await logIn(email, PASSWORD, added.recoveryCodes[3])).status, 200);
    t.is((await logIn(email, PASSWORD, added.recoveryCodes[3])).status, 401);

    const body = { refreshToken: json['refreshToken'] };
    const refreshed = (await server.post('/v1/auth/refresh', { body })).json;
    t.like(claimsOf(refreshed['accessToken']), { roles: ['operator'], amr: ['pwd', 'mfa'] });

    const token = String(refreshed['accessToken']);
    const list = (await server.get(OPERATORS, { token })).json['items'] as Json[];
    const row = list.find((one) => one['userId'] === added.userId);
    t.like(row, { email, role: 'operator', addedBy: 'olga', recoveryCodesLeft: 9 });
    t.false(JSON.stringify(list).includes('secret'));
    const exported = (await server.get('/v1/account/export', { token })).text;
    const secret = new URL(added.secondFactorUri).searchParams.get('secret')!;
    t.false(exported.includes(secret));
  });

  // A command is a client of one gateway, whatever is behind it.
  const testCommand = profile === 'cluster' ? () => undefined : test;
  testCommand(
    'X3a: the command makes an account where there is none, and takes the role away',
    async (t) => {
      const email = `${server.fresh('new-op')}@example.com`;
      const made = await operate('add', email);
      t.is(made.code, 0, made.stderr);
      const [password] = /(?<=Password, to be changed: )\S+/.exec(made.stdout)!;
      const [uri] = /otpauth:\/\/\S+/.exec(made.stdout)!;
      const added = { secondFactorUri: uri } as Added;
      const { status, json } = await logIn(email, password, codeOf(added));
      t.is(status, 200);
      const listed = await operate('list');
      t.regex(listed.stdout, new RegExp(`${email} +operator +10 +operator`));
      const removed = await operate('remove', email.toUpperCase());
      t.is(removed.stdout, `${email} is no operator any more\n`, removed.stderr);
      const ended = async () => await nodes(json['accessToken']);
      t.is(await server.inAMoment(ended, (one) => one === 401), 401);
      const plain = await logIn(email, password);
      t.is(plain.status, 200);
      t.is(await nodes(plain.json['accessToken']), 403);
      t.is(claimsOf(plain.json['accessToken'])['amr'], undefined);
      const again = await operate('remove', email);
      t.deepEqual([again.code, again.stderr], [1, `livedrops: ${email} is no operator\n`]);
      t.is((await operate('add', 'nobody')).code, 2);
    },
  );

  test('X3a: another second factor ends the sessions of the one before', async (t) => {
    const { email } = await server.register('Ada');
    const first = await add(email);
    const { json } = await logIn(email, PASSWORD, codeOf(first));
    const second = await add(email);
    const ended = async () => await nodes(json['accessToken']);
    t.is(await server.inAMoment(ended, (status) => status === 401), 401);
    t.is((await logIn(email, PASSWORD, codeOf(first, 1))).status, 401);
    t.is((await logIn(email, PASSWORD, first.recoveryCodes[0])).status, 401);
    t.is((await logIn(email, PASSWORD, codeOf(second))).status, 200);
  });

  test('X3a: an auditor reads every list of operators, and writes nothing', async (t) => {
    const { email } = await server.register('Audrey');
    const added = await add(email, 'auditor');
    const token = String((await logIn(email, PASSWORD, codeOf(added))).json['accessToken']);
    const { paths } = (await server.get('/openapi.json')).json as {
      paths: Record<string, Record<string, unknown>>;
    };
    const statuses: Record<string, number> = {};
    for (const [path, operations] of Object.entries(paths)) {
      if (!path.startsWith('/v1/operator/')) continue;
      for (const method of Object.keys(operations)) {
        const filled = path.replaceAll(/\{\w+\}/g, method === 'get' ? 'x1' : '7');
        const body = bodies(filled);
        const options = { token, ...((method === 'post' || method === 'put') && { body }) };
        const { status } = await server.call(method.toUpperCase(), filled, options);
        // 400: a read that needs a query.
        const allowed = method === 'get' ? [200, 404, 400] : [403];
        t.true(allowed.includes(status), `${method} ${path}: ${status}`);
        statuses[`${method} ${path}`] = status;
      }
    }
    t.true(Object.keys(statuses).length > 20);
    t.is((await server.get('/v1/orders', { token })).status, 200);
  });

  test('H8: bad input is refused before anything is stored', async (t) => {
    const token = server.token('olga', 60, ['operator']);
    for (const body of BAD)
      t.is((await server.post(OPERATORS, { token, body })).status, 422, JSON.stringify(body));
    for (const code of [7, null, 'x'.repeat(65), {}]) {
      const body = { email: 'ada@example.com', password: PASSWORD, code };
      t.is((await server.post('/v1/auth/login', { body })).status, 422, JSON.stringify(code));
    }
    t.is((await server.call('DELETE', `${OPERATORS}/u_none`, { token })).status, 404);
    t.is((await server.get(OPERATORS, { as: 'ned' })).status, 403);
    t.is((await server.get(OPERATORS)).status, 401);
  });
});

/** A body that the route takes, so that its answer is about who asks. */
function bodies(path: string): Json {
  if (/shards\/7\/(pin|move)$/.test(path)) return { to: 'node-1' };
  if (path.endsWith('/caches/evict')) return { kind: 'drops' };
  if (path.includes('/sellers/')) return { standing: 'approved' };
  if (path.endsWith('/dismiss')) return { reason: 'paid by hand' };
  if (path.endsWith('/operators')) return { email: 'eve@example.com', role: 'operator' };
  if (path.endsWith('/ledger/verification'))
    return { leaves: 1, erased: 0, removed: 0, findings: [] };
  if (path.endsWith('/runs')) return { kind: 'verify' };
  if (path.endsWith('/push-keys') || path.endsWith('/ledger/keys')) return { after: 'none' };
  return {};
}
