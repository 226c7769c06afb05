// Codes of the second factor: those of RFC 6238, and what is used up.

import test from 'ava';
import { Secret, TOTP } from 'otpauth';
import { SecondFactors } from '../../app/second-factors.ts';
import { MemoryOperatorAccounts } from '../../storage/memory/operator-accounts-memory.ts';
import type { OperatorAccount } from '../../storage/ports/operator-accounts.ts';
import { operatorAccount } from '../storage/contract/operator-accounts.ts';

/** `12345678901234567890` of RFC 6238, appendix B, in base 32. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const STEP_MS = 30_000;

async function start(change: Partial<OperatorAccount> = {}) {
  const operatorAccounts = new MemoryOperatorAccounts();
  const clock = { now: 0 };
  let byte = 0;
  const random = (count: number) => Uint8Array.from({ length: count }, () => (byte += 7));
  const factors = new SecondFactors({ operatorAccounts, now: () => clock.now, random });
  await operatorAccounts.put(operatorAccount({ secret: SECRET, ...change }));
  const use = async (code: string): Promise<boolean> => {
    const account = await factors.accountOf('u_op');
    return account !== null && (await factors.use(account, code));
  };
  return { operatorAccounts, factors, clock, use };
}

function codeAt(timestamp: number, secret = SECRET): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp });
}

test('X3a: the codes are those of RFC 6238, appendix B, by their last six digits', async (t) => {
  const { clock, use } = await start();
  for (const [seconds, code] of [
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_234_567_890, '005924'],
    [20_000_000_000, '353130'],
  ] as const) {
    clock.now = seconds * 1_000;
    t.false(await use(code === '287082' ? '287083' : '287082'), code);
    t.true(await use(code), code);
  }
});

test('X3a: a code of the step before or after is good, an older or a later one is not', async (t) => {
  for (const [steps, isGood] of [
    [-2, false],
    [-1, true],
    [0, true],
    [1, true],
    [2, false],
  ] as const) {
    const { clock, use } = await start();
    clock.now = 1_700_000_000_000;
    t.is(await use(codeAt(clock.now + steps * STEP_MS)), isGood, `${steps}`);
  }
});

test('X3a: a code is good once, and none before it is good after it', async (t) => {
  const { clock, use } = await start();
  clock.now = 1_700_000_000_000;
  t.true(await use(codeAt(clock.now)));
  t.false(await use(codeAt(clock.now)));
  t.false(await use(codeAt(clock.now - STEP_MS)));
  t.true(await use(codeAt(clock.now + STEP_MS)));
});

test('X3a: of attempts with one code at once, one succeeds', async (t) => {
  const { factors, clock } = await start();
  clock.now = 1_700_000_000_000;
  const account = (await factors.accountOf('u_op'))!;
  const code = codeAt(clock.now);
  const used = await Promise.all(Array.from({ length: 4 }, () => factors.use(account, code)));
  t.is(used.filter(Boolean).length, 1);
});

test('X3a: recovery codes are good once each, as people type them; no hash is one', async (t) => {
  const { operatorAccounts, factors, use } = await start();
  const { stored, uri, recoveryCodes } = factors.make('ada@example.com');
  await operatorAccounts.put(operatorAccount(stored));
  t.regex(uri, /^otpauth:\/\/totp\/LiveDrops:ada%40example\.com\?/);
  t.is(new URL(uri).searchParams.get('secret'), stored.secret);
  t.is(new Set(recoveryCodes).size, 10);
  for (const code of recoveryCodes) t.regex(code, /^[A-Z2-7]{4}(-[A-Z2-7]{4}){3}$/);
  t.false(JSON.stringify(stored).includes(recoveryCodes[0]!.replaceAll('-', '')));
  const [first, second] = recoveryCodes as [string, string];
  t.true(await use(first.toLowerCase().replaceAll('-', ' ')));
  t.false(await use(first));
  t.true(await use(second));
  t.false(await use(stored.recoveryHashes[2]!));
  t.is((await operatorAccounts.find('u_op'))?.recoveryHashes.length, 8);
  for (const nothing of ['', ' ', '-', '000000000000']) t.false(await use(nothing));
});

test('X3a: a code of an earlier second factor is worth nothing', async (t) => {
  const { operatorAccounts, factors, clock } = await start();
  clock.now = 1_700_000_000_000;
  const account = (await factors.accountOf('u_op'))!;
  await operatorAccounts.put(operatorAccount({ grantId: 'g2', secret: 'JBSWY3DPEHPK3PXP' }));
  t.false(await factors.use(account, codeAt(clock.now)));
  await operatorAccounts.remove('u_op');
  t.false(await factors.use(account, codeAt(clock.now)));
});
