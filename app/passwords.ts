// Password hashing: argon2id with the parameters that OWASP recommends
// (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>), off the
// event loop. Each hash takes 19 MiB and about 20 ms of a core. So only few run at once and a
// bounded number waits; further calls are `overloaded` at once.

import { randomBytes } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';
import pLimit, { type LimitFunction } from 'p-limit';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome } from '../contracts/refusals.ts';

export interface PasswordsOptions {
  /** Concurrent hashes. They share libuv's thread pool (4 threads) with all other users of it. */
  readonly concurrency?: number;
  /** Calls that may wait for their turn. */
  readonly queueLengthMax?: number;
  /** KiB of memory for each hash. Lower it only in tests. */
  readonly memoryKib?: number;
}

const CONCURRENCY = 2;
const QUEUE_LENGTH_MAX = 100;
const MEMORY_KIB = 19_456;
const PASSES = 2;
const LANES = 1;
const HASH_BYTES = 32;
const SALT_BYTES = 16;

export class Passwords {
  readonly #limit: LimitFunction;
  /** Running and waiting. */
  readonly #callsMax: number;
  readonly #memoryKib: number;
  /**
   * A well-formed hash that no password has. The password of an unknown user is checked against it,
   * so that the check takes as long (A3).
   */
  readonly #nobodysHash: string;

  constructor(options: PasswordsOptions = {}) {
    const concurrency = options.concurrency ?? CONCURRENCY;
    this.#limit = pLimit(concurrency);
    this.#callsMax = concurrency + (options.queueLengthMax ?? QUEUE_LENGTH_MAX);
    this.#memoryKib = options.memoryKib ?? MEMORY_KIB;
    const [salt, digest] = [randomBytes(SALT_BYTES), randomBytes(HASH_BYTES)].map(unpaddedBase64);
    const parameters = `m=${this.#memoryKib},t=${PASSES},p=${LANES}`;
    this.#nobodysHash = `$argon2id$v=19$${parameters}$${salt}$${digest}`;
  }

  /** The hash of the password's `opaqueString`, as a PHC string. Refuses `overloaded`. */
  hash(password: string): Promise<Outcome<string>> {
    // The library's defaults are argon2id, version 19, a random salt of 16 bytes.
    const parameters = {
      memoryCost: this.#memoryKib,
      timeCost: PASSES,
      parallelism: LANES,
      outputLen: HASH_BYTES,
    };
    return this.#inTurn(() => hash(opaqueString(password), parameters));
  }

  /**
   * Whether the password has this hash, however its characters are composed. Null (no such user):
   * false, after the same time. Refuses `overloaded`.
   */
  verify(passwordHash: string | null, password: string): Promise<Outcome<boolean>> {
    const compared = passwordHash ?? this.#nobodysHash;
    const opaque = opaqueString(password);
    return this.#inTurn(async () => {
      if (await verify(compared, opaque)) return true;
      // Earlier versions hashed a password as it was typed.
      return opaque !== password && (await verify(compared, password));
    });
  }

  async #inTurn<T>(compute: () => Promise<T>): Promise<Outcome<T>> {
    const { activeCount, pendingCount } = this.#limit;
    if (activeCount + pendingCount >= this.#callsMax) return refusal('overloaded');
    return success(await this.#limit(compute));
  }
}

/**
 * The form in which passwords are hashed and compared (RFC 8265, 4.2, OpaqueString): every space is
 * U+0020, and characters are composed (NFC). What the profile refuses, the contract refuses.
 */
export function opaqueString(password: string): string {
  return password.replaceAll(/\p{Zs}/gu, ' ').normalize('NFC');
}

function unpaddedBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
