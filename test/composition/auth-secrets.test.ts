// The file of secrets for access tokens: its lines, its rotation, and nodes that read it again.

import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import {
  AuthSecretsFile,
  newAuthSecret,
  parseAuthSecrets,
  rotatedAuthSecrets,
  SIGNS_AFTER_MS,
  storeAuthSecrets,
} from '../../composition/auth-secrets.ts';
import { type SigningSecret, SigningSecrets } from '../../app/signing-secrets.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const NOW = Date.parse('2027-01-01T00:00:00.000Z');
const ONE = '1'.repeat(32);
const TWO = '2'.repeat(32);
const always = (secret: string): SigningSecret => ({ secret, from: 0, until: Infinity });

function secretFile(t: ExecutionContext): string {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  return join(directory, 'auth-secret');
}

test('a file of one line is the secret of before, and spaces may be in it', (t) => {
  t.deepEqual(parseAuthSecrets(`${ONE}\n`), [always(ONE)]);
  const words = 'a secret that has words from which it is made, until the end';
  t.deepEqual(parseAuthSecrets(words), [always(words)]);
});

test('what is stored is read as it was', (t) => {
  const path = secretFile(t);
  const secrets = [
    { secret: ONE, from: NOW, until: Infinity },
    { secret: TWO, from: NOW - 5, until: NOW + 1_234 },
    { secret: '3'.repeat(40), from: 0, until: NOW },
  ];
  storeAuthSecrets(path, secrets);
  t.deepEqual(parseAuthSecrets(readFileSync(path, 'utf8')), secrets);
  t.is(statSync(path).mode & 0o777, 0o600);
});

test('a file that is wrong says why, without a secret', (t) => {
  for (const [text, problem] of [
    ['', /is empty/],
    ['\n \n', /is empty/],
    [`${ONE}\nshort`, /at least 32 characters in each line/],
    [`${ONE} until 2027-01-01T00:00:00Z`, /without an end/],
    [`${ONE} until 2027-19-01T00:00:00Z\n${TWO}`, /a line without a time/],
    [`${ONE}\n`.repeat(9), /at most 8 lines/],
  ] as const) {
    const parsed = parseAuthSecrets(text);
    t.true(typeof parsed === 'string', text);
    if (typeof parsed === 'string') t.regex(parsed, problem);
  }
});

test('A4a: a rotation overlaps: the new secret waits, the old ones end, ended ones go', (t) => {
  const before = [always(ONE), { secret: TWO, from: 0, until: NOW }];
  const from = NOW + SIGNS_AFTER_MS;
  const secret = newAuthSecret();
  const rotated = rotatedAuthSecrets(before, { secret, nowMs: NOW, keepMs: 60_000 });
  t.deepEqual(rotated, [
    { secret, from, until: Infinity },
    { secret: ONE, from: 0, until: from + 60_000 },
  ]);
  t.deepEqual(rotatedAuthSecrets(before, { secret, nowMs: NOW, keepMs: 0 }), [always(secret)]);
});

test('A4a: a changed file is read again, and a wrong or missing one changes nothing', async (t) => {
  const path = secretFile(t);
  storeAuthSecrets(path, [always(ONE)]);
  const secrets = new SigningSecrets([always(ONE)]);
  const clock = new ManualClock(NOW);
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) });
  const file = new AuthSecretsFile({ path, secrets, clock, log });
  file.start();
  t.teardown(() => file.stop());
  const look = async (): Promise<void> => {
    while (clock.timerCount === 0) await new Promise(setImmediate);
    await clock.advance(2_000);
    while (clock.timerCount === 0) await new Promise(setImmediate);
  };
  const held = () => secrets.all.map(({ secret }) => secret);
  await look();
  t.deepEqual(held(), [ONE]);
  writeFileSync(path, 'short\n');
  await look();
  t.deepEqual(held(), [ONE]);
  t.regex(errors.join(), /stay as they were/);
  renameSync(path, `${path}.away`);
  await look();
  t.deepEqual(held(), [ONE]);
  t.regex(errors.join(), /cannot be read again/);
  t.false(errors.join().includes(ONE));
  storeAuthSecrets(path, [always(TWO), { ...always(ONE), until: NOW }]);
  await look();
  t.deepEqual(held(), [TWO, ONE]);
});
