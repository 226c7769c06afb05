// The file of secrets for access tokens: one a line, the newest first, each with its times. Nodes
// read it again when it changes, so that secrets rotate without a restart; a file that all nodes of
// a cluster share rotates them on all.

import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import {
  SECRETS_MAX,
  SECRET_BYTES_MIN,
  type SigningSecret,
  type SigningSecrets,
} from '../app/signing-secrets.ts';
import { WatchedFile } from './watched-file.ts';

const SECRET_BYTES = 48;
/** Every node has read the file by then: a new secret verifies for so long before it signs. */
export const SIGNS_AFTER_MS = 15_000;
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,3})?Z';
const LINE = new RegExp(`^(.+?)(?: from (${TIME}))?(?: until (${TIME}))?$`);

export function newAuthSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** The secrets of a file, or the requirement that its text does not meet. */
export function parseAuthSecrets(text: string): readonly SigningSecret[] | string {
  const lines = text.split('\n').map((line) => line.trim());
  const secrets: SigningSecret[] = [];
  for (const line of lines.filter((one) => one !== '')) {
    const [, secret = '', from, until] = LINE.exec(line) ?? [];
    if (Buffer.byteLength(secret) < SECRET_BYTES_MIN)
      return `must have at least ${SECRET_BYTES_MIN} characters in each line`;
    const secretFrom = from === undefined ? 0 : Date.parse(from);
    const secretUntil = until === undefined ? Infinity : Date.parse(until);
    if (Number.isNaN(secretFrom) || Number.isNaN(secretUntil)) return 'has a line without a time';
    secrets.push({ secret, from: secretFrom, until: secretUntil });
  }
  if (secrets.length === 0) return 'is empty';
  if (secrets.length > SECRETS_MAX) return `must have at most ${SECRETS_MAX} lines`;
  if (!secrets.some(({ until }) => until === Infinity))
    return 'must have a secret without an end (until)';
  return secrets;
}

/**
 * The secrets with a new first one, which signs from `SIGNS_AFTER_MS` on. Those of before verify
 * for `keepMs` after that; with 0 they end at once and the new one signs at once. Ended ones go.
 */
export function rotatedAuthSecrets(
  secrets: readonly SigningSecret[],
  { secret, nowMs, keepMs }: { secret: string; nowMs: number; keepMs: number },
): readonly SigningSecret[] {
  if (keepMs === 0) return [{ secret, from: 0, until: Infinity }];
  const from = nowMs + SIGNS_AFTER_MS;
  const before = secrets
    .filter(({ until }) => nowMs < until)
    .map((one) => ({ ...one, until: Math.min(one.until, from + keepMs) }));
  return [{ secret, from, until: Infinity }, ...before];
}

/** Replaces the file whole, for its owner only: a reader sees all of it or what was before. */
export function storeAuthSecrets(path: string, secrets: readonly SigningSecret[]): void {
  const lines = secrets.map(({ secret, from, until }) => {
    const begins = from === 0 ? '' : ` from ${new Date(from).toISOString()}`;
    const ends = until === Infinity ? '' : ` until ${new Date(until).toISOString()}`;
    return `${secret}${begins}${ends}\n`;
  });
  const partial = `${path}.${process.pid}`;
  const file = openSync(partial, 'w', 0o600);
  try {
    writeSync(file, lines.join(''));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(partial, path);
}

export interface AuthSecretsFileOptions {
  readonly path: string;
  readonly secrets: SigningSecrets;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Reads the file again when it has changed. One that is missing or wrong changes nothing. */
export class AuthSecretsFile {
  readonly #options: AuthSecretsFileOptions;
  readonly #file: WatchedFile;

  constructor(options: AuthSecretsFileOptions) {
    const { path, clock, log } = options;
    this.#options = options;
    this.#file = new WatchedFile({
      path,
      clock,
      onText: (text) => this.#read(text),
      onFault: (fault) =>
        log.error({ err: fault, file: path }, 'the secrets for access tokens cannot be read again'),
    });
  }

  start(): void {
    this.#file.start();
  }

  stop(): void {
    this.#file.stop();
  }

  #read(text: string): void {
    const { path, secrets, log } = this.#options;
    const parsed = parseAuthSecrets(text);
    if (typeof parsed === 'string') {
      log.error({ file: path }, `the secrets for access tokens stay as they were: it ${parsed}`);
      return;
    }
    if (isSame(parsed, secrets.all)) return;
    secrets.replace(parsed);
    const keyIds = secrets.all.map(({ keyId }) => keyId);
    log.info({ file: path, keyIds }, 'the secrets for access tokens have changed');
  }
}

function isSame(one: readonly SigningSecret[], other: readonly SigningSecret[]): boolean {
  const plain = ({ secret, from, until }: SigningSecret) => `${secret} ${from} ${until}`;
  return one.map(plain).join('\n') === other.map(plain).join('\n');
}
