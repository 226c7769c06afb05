// Secrets for access tokens rotate while the server runs, on every node, without a restart.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessTokens } from '../../app/access-tokens.ts';
import type { SigningSecret } from '../../app/signing-secrets.ts';
import { newAuthSecret, storeAuthSecrets } from '../../composition/auth-secrets.ts';
import { runCommand } from '../operator/run-command.ts';
import { onEachProfile } from './profiles.ts';
import { AUTH_SECRET, eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

/** Of two gateways, or of three threads. */
const CALLS = 6;

onEachProfile((test, profile) => {
  let server: SaleServer;
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-secrets-'));
  const file = join(directory, 'auth-secret');
  const first: SigningSecret = { secret: AUTH_SECRET, from: 0, until: Infinity };

  test.before(async () => {
    storeAuthSecrets(file, [first]);
    server = await SaleServer.start(profile, {
      LIVEDROPS_AUTH_SECRET: '',
      LIVEDROPS_AUTH_SECRET_FILE: file,
    });
  });
  test.after.always(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const signedBy = (secret: string): string =>
    new AccessTokens({ secret }).sign({ userId: 'ann', roles: [], lifetimeSeconds: 600 });
  const isSignedBy = (secret: string, token: string): boolean =>
    new AccessTokens({ secret }).verify(token, Date.now()) !== 'invalid';
  /** What so many calls are answered that every gateway, and each thread of one, has its turn. */
  const statuses = async (token: string): Promise<number[]> => {
    const answers = new Set<number>();
    for (let i = 0; i < CALLS; i++)
      answers.add((await server.call('GET', '/v1/notifications', { token })).status);
    return [...answers];
  };
  const become = (token: string, status: number): Promise<number[]> =>
    eventually(
      () => statuses(token),
      (answers) => answers.every((answer) => answer === status),
    );
  const registeredToken = async (): Promise<string> => {
    const email = `${server.fresh('ann')}@example.com`;
    const body = { email, password: 'a password of this user', name: 'Ann' };
    const registered = await server.call('POST', '/v1/auth/register', { body });
    return String(registered.json['accessToken']);
  };

  test.serial(
    'A4a: livedrops secrets rotate: old and new tokens are valid side by side',
    async (t) => {
      const old = signedBy(AUTH_SECRET);
      t.deepEqual(await statuses(old), [200]);
      const environment = { ...server.settings };
      const { code, stdout, stderr } = await runCommand(['secrets', 'rotate', '--json'], {
        environment,
      });
      t.is(code, 0, stderr);
      const rows = JSON.parse(stdout) as { state: string; until: string | null }[];
      t.deepEqual(
        rows.map(({ state }) => state),
        ['verifies', 'signs'],
      );
      t.false(stdout.includes(AUTH_SECRET));
      // The command signs with the old secret still; the new one is known to every node before.
      const next = newAuthSecret();
      storeAuthSecrets(file, [{ ...first, secret: next }, first]);
      t.deepEqual(await become(signedBy(next), 200), [200]);
      t.deepEqual(await statuses(old), [200]);
      // Gateways and threads read the file by themselves, within two seconds.
      const token = await eventually(registeredToken, (signed) => isSignedBy(next, signed));
      t.true(isSignedBy(next, token));
      t.deepEqual(await statuses(token), [200]);
    },
  );

  test.serial('A4a: a secret that is taken away ends its tokens on every node', async (t) => {
    const old = signedBy(AUTH_SECRET);
    t.deepEqual(await statuses(old), [200]);
    const next = newAuthSecret();
    storeAuthSecrets(file, [{ ...first, secret: next }]);
    t.deepEqual(await become(old, 401), [401]);
    t.deepEqual(await become(signedBy(next), 200), [200]);
  });
});
