// The second factor of operators' accounts (X3a): time-based codes (TOTP, RFC 6238: SHA-1, 6
// digits, 30 seconds), and recovery codes for who lost the device. Each code is good once.

import { createHash } from 'node:crypto';
import { Secret, TOTP } from 'otpauth';
import type { OperatorAccount, OperatorAccountStore } from '../storage/ports/operator-accounts.ts';
import type { RandomBytes } from './random-bytes.ts';

/** A code of the step before or after is good too: devices' clocks differ. */
const WINDOW_STEPS = 1;
const PERIOD_SECONDS = 30;
const DIGITS = 6;
/** As long as a hash of HMAC-SHA-1 (RFC 4226, section 4). */
const SECRET_BYTES = 20;
const RECOVERY_CODES = 10;
/** 80 bits: with so many, a plain hash is enough. */
const RECOVERY_CODE_BYTES = 10;
/** How often a code is checked anew where another one was used at the same moment. */
const TRIES_MAX = 5;

export interface SecondFactorsOptions {
  readonly operatorAccounts: OperatorAccountStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

/** The text is shown once; the account has its secret and hashes. */
export interface NewSecondFactor {
  readonly stored: Pick<OperatorAccount, 'secret' | 'recoveryHashes' | 'usedStep'>;
  readonly uri: string;
  readonly recoveryCodes: readonly string[];
}

export class SecondFactors {
  readonly #options: SecondFactorsOptions;

  constructor(options: SecondFactorsOptions) {
    this.#options = options;
  }

  /** Null: the user is no operator, and needs no second factor. */
  accountOf(userId: string): Promise<OperatorAccount | null> {
    return this.#options.operatorAccounts.find(userId);
  }

  make(email: string): NewSecondFactor {
    const { random } = this.#options;
    const secret = base32(random(SECRET_BYTES));
    const recoveryCodes = Array.from({ length: RECOVERY_CODES }, () =>
      base32(random(RECOVERY_CODE_BYTES)).replaceAll(/.{4}(?=.)/g, '$&-'),
    );
    const recoveryHashes = recoveryCodes.map((code) => hashOf(plain(code)));
    const uri = totpOf(secret, email).toString();
    return { stored: { secret, recoveryHashes, usedStep: 0 }, uri, recoveryCodes };
  }

  /** Whether the code is good. Then it is used up, durably, before this resolves. */
  async use(account: OperatorAccount, code: string): Promise<boolean> {
    const { operatorAccounts } = this.#options;
    let present: OperatorAccount | null = account;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      if (present?.grantId !== account.grantId) return false;
      const used = this.#withoutCode(present, plain(code));
      if (used === null) return false;
      if (await operatorAccounts.replace(used)) return true;
      present = await operatorAccounts.find(account.userId);
    }
    return false;
  }

  /** The account when the code is used up; null for a wrong code, and for a used one. */
  #withoutCode(account: OperatorAccount, code: string): OperatorAccount | null {
    const revision = account.revision + 1;
    const timestamp = this.#options.now();
    const totp = totpOf(account.secret, '');
    const delta = totp.validate({ token: code, timestamp, window: WINDOW_STEPS });
    if (delta !== null) {
      const usedStep = totp.counter({ timestamp }) + delta;
      return usedStep > account.usedStep ? { ...account, usedStep, revision } : null;
    }
    const hash = hashOf(code);
    const recoveryHashes = account.recoveryHashes.filter((one) => one !== hash);
    if (recoveryHashes.length === account.recoveryHashes.length) return null;
    return { ...account, recoveryHashes, revision };
  }
}

function totpOf(secret: string, label: string): TOTP {
  return new TOTP({
    issuer: 'LiveDrops',
    label,
    algorithm: 'SHA1',
    digits: DIGITS,
    period: PERIOD_SECONDS,
    secret: Secret.fromBase32(secret),
  });
}

function base32(bytes: Uint8Array): string {
  return new Secret({ buffer: Uint8Array.from(bytes).buffer }).base32;
}

/** As people type codes: with spaces, dashes and small letters. */
function plain(code: string): string {
  return code.replaceAll(/[\s-]/g, '').toUpperCase();
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
