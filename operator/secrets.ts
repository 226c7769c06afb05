// `livedrops secrets`: the secrets that sign access tokens, and their rotation. It works on the
// file that holds them; the nodes that use it read it again by themselves.

import { loadStoredConfig } from '../composition/config.ts';
import {
  newAuthSecret,
  rotatedAuthSecrets,
  SIGNS_AFTER_MS,
  storeAuthSecrets,
} from '../composition/auth-secrets.ts';
import {
  keyIdOf,
  SECRETS_MAX,
  type SigningSecret,
  SigningSecrets,
} from '../app/signing-secrets.ts';
import { table } from './table.ts';

export interface SecretsOptions {
  readonly json?: true;
}

export interface RotateOptions extends SecretsOptions {
  /** How long, in seconds, the secrets of before verify once the new one signs. */
  readonly keep: number;
  /** Everything that was signed before ends at once. */
  readonly atOnce?: true;
}

const IN_ENVIRONMENT =
  'the secret is in LIVEDROPS_AUTH_SECRET: put a new one into LIVEDROPS_AUTH_SECRETS_VERIFY of ' +
  'all nodes, exchange the two, then remove the old one, with a restart of the nodes after each ' +
  '(docs/OPERATIONS.md, Secrets)';

export function secrets(options: SecretsOptions): void {
  show(loadStoredConfig().authSecrets, options, Date.now());
}

export function rotateSecrets(options: RotateOptions): void {
  const { authSecrets, authSecretFile } = loadStoredConfig();
  if (authSecretFile === null) throw new Error(IN_ENVIRONMENT);
  const nowMs = Date.now();
  const keepMs = options.atOnce === true ? 0 : options.keep * 1_000;
  const rotated = rotatedAuthSecrets(authSecrets, { secret: newAuthSecret(), nowMs, keepMs });
  if (rotated.length > SECRETS_MAX)
    throw new Error(`${authSecretFile} has ${SECRETS_MAX} secrets that have not ended`);
  storeAuthSecrets(authSecretFile, rotated);
  show(rotated, options, nowMs);
  if (options.json === true || keepMs === 0) return;
  process.stdout.write(
    `Nodes read ${authSecretFile} by themselves; the new secret signs in ` +
      `${SIGNS_AFTER_MS / 1_000} s.\n`,
  );
}

function show(all: readonly SigningSecret[], { json }: SecretsOptions, nowMs: number): void {
  const signing = new SigningSecrets(all).signing(nowMs).keyId;
  const rows = all.map(({ secret, from, until }) => ({
    keyId: keyIdOf(secret),
    state: nowMs >= until ? 'ended' : keyIdOf(secret) === signing ? 'signs' : 'verifies',
    signsFrom: from > nowMs && from !== Infinity ? new Date(from).toISOString() : null,
    until: until === Infinity ? null : new Date(until).toISOString(),
  }));
  if (json === true) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  const lines = rows.map((row) => [row.keyId, row.state, row.signsFrom ?? '-', row.until ?? '-']);
  process.stdout.write(table(['key', 'state', 'signs from', 'until'], lines));
}
