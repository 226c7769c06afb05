// The secrets in force: those of the environment, or else those that are stored in files, which are
// generated at the first start.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { SigningSecret } from '../app/signing-secrets.ts';
import { newAuthSecret, parseAuthSecrets } from './auth-secrets.ts';
import type { Reading } from './environment.ts';
import { PAYMENT_SECRET_PREFIX } from './payment-settings.ts';
import { parseSetting, type SettingName } from './settings.ts';
import { readStoredSecret } from './stored-secret.ts';

const PAYMENT_SECRET_BYTES = 32;
const DETAILS_SECRET_BYTES = 32;
const PASS_SECRET_BYTES = 32;

/** Secrets that are not set are generated and stored in these files of the data directory. */
export const AUTH_SECRET_FILE = 'auth-secret';
const PAYMENT_SECRET_FILE = 'payment-secret';
const DETAILS_SECRET_FILE = 'details-secret';
const PASS_SECRET_FILE = 'pass-secret';
export const STORED_SECRET_FILES: readonly string[] = [
  AUTH_SECRET_FILE,
  PAYMENT_SECRET_FILE,
  DETAILS_SECRET_FILE,
  PASS_SECRET_FILE,
];
const ADVICE = 'put it back, or remove it and a new one is made';

/** Reads a stored secret. `make` makes one where there is none; null where none may be made. */
export type ReadSecret = (path: string, make: () => string) => string | null;

export interface SecretsInForce {
  /** Sign and verify access tokens (HS256, over their UTF-8 bytes), the newest first. */
  readonly authSecrets: readonly SigningSecret[];
  /**
   * Where the secrets are stored; it may change while the process runs. Null: in the environment.
   */
  readonly authSecretFile: string | null;
  /**
   * Standard Webhooks secrets, `whsec_` and base64. The first one signs, and all verify. A server
   * has at least one.
   */
  readonly paymentSecrets: readonly string[];
  /** Wrap the keys of order details, the first one new keys. Empty: details are not taken. */
  readonly detailsSecrets: readonly string[];
  /** Sign and verify passes, the first one new ones. Empty: there are none. */
  readonly passSecrets: readonly string[];
}

/** Adds to `problems` a line for each stored secret that is not valid. */
export function secretsInForce(
  value: Reading['value'],
  readSecret: ReadSecret,
  problems: string[],
): SecretsInForce {
  const stored = (
    name: 'PAYMENT_SECRET' | 'DETAILS_SECRET' | 'PASS_SECRET',
    file: string,
    make: () => string,
  ): readonly string[] => {
    const path = join(value('DATA'), file);
    const text = readSecret(path, make);
    if (text === null) return [];
    const parsed = text === '' ? { requirement: 'is empty' } : parseSetting(name, text);
    if ('value' in parsed) return parsed.value;
    problems.push(`${path} ${parsed.requirement}: ${ADVICE}`);
    return [];
  };
  const authSecrets = authSecretsOf(value, readSecret, problems);
  let paymentSecrets = value('PAYMENT_SECRET');
  if (paymentSecrets.length === 0)
    paymentSecrets = stored('PAYMENT_SECRET', PAYMENT_SECRET_FILE, newPaymentSecret);
  let detailsSecrets = value('DETAILS_SECRET');
  if (detailsSecrets.length === 0 && makesNodesSecrets(value))
    detailsSecrets = stored('DETAILS_SECRET', DETAILS_SECRET_FILE, newDetailsSecret);
  let passSecrets = value('PASS_SECRET');
  if (passSecrets.length === 0 && makesNodesSecrets(value))
    passSecrets = stored('PASS_SECRET', PASS_SECRET_FILE, newPassSecret);
  const authSecretFile = authSecretFileOf(value);
  return { authSecrets, authSecretFile, paymentSecrets, detailsSecrets, passSecrets };
}

/** The settings whose secrets are made at the first start where they are not set. */
export function madeSecrets(value: Reading['value']): readonly SettingName[] {
  const made: SettingName[] = ['PAYMENT_SECRET'];
  if (value('AUTH_SECRET_FILE') === null) made.push('AUTH_SECRET');
  if (makesNodesSecrets(value)) made.push('DETAILS_SECRET', 'PASS_SECRET');
  return made;
}

/** Those for details and passes. In a cluster every node needs the same, so none is made. */
function makesNodesSecrets(value: Reading['value']): boolean {
  return value('NATS') === null;
}

/** Of the file, or of the environment. Empty where nothing is stored and none may be made. */
function authSecretsOf(
  value: Reading['value'],
  readSecret: ReadSecret,
  problems: string[],
): readonly SigningSecret[] {
  const file = authSecretFileOf(value);
  if (file === null) {
    const verifying = value('AUTH_SECRETS_VERIFY').map((secret) => ({
      secret,
      from: Infinity,
      until: Infinity,
    }));
    return [{ secret: value('AUTH_SECRET'), from: 0, until: Infinity }, ...verifying];
  }
  const isGiven = value('AUTH_SECRET_FILE') !== null;
  const text = isGiven ? readStoredSecret(file) : readSecret(file, newAuthSecret);
  if (text === null && !isGiven) return [];
  const parsed = text === null ? 'is not there' : parseAuthSecrets(text);
  if (typeof parsed !== 'string') return parsed;
  problems.push(`${file} ${parsed}${isGiven ? '' : `: ${ADVICE}`}`);
  return [];
}

/** The stored file, unless the environment has the secret. */
function authSecretFileOf(value: Reading['value']): string | null {
  const given = value('AUTH_SECRET_FILE');
  if (given !== null || value('AUTH_SECRET') !== '') return given;
  return join(value('DATA'), AUTH_SECRET_FILE);
}

function newPaymentSecret(): string {
  return PAYMENT_SECRET_PREFIX + randomBytes(PAYMENT_SECRET_BYTES).toString('base64');
}

function newDetailsSecret(): string {
  return randomBytes(DETAILS_SECRET_BYTES).toString('base64url');
}

function newPassSecret(): string {
  return randomBytes(PASS_SECRET_BYTES).toString('base64url');
}
