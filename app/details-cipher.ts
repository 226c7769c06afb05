// Encrypts the details of orders: AES-256-GCM with a key for each buyer, which is wrapped with a
// key derived from a secret of the server (HKDF, RFC 5869). What is encrypted is bound to its order
// and buyer, so nothing stored passes for something else. The first secret wraps; all unwrap.

import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import type { OrderDetails } from '../contracts/order-details.ts';
import type { BuyerKey, SealedDetails } from '../storage/ports/order-details.ts';
import type { RandomBytes } from './random-bytes.ts';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ID_BYTES = 8;
/** Part of what is stored, and the version of its form. */
const WRAPS = 'livedrops:order-details:1:wrap';

interface WrappingKey {
  readonly id: string;
  readonly key: Uint8Array;
}

export interface DetailsCipherOptions {
  /** At least one. */
  readonly secrets: readonly string[];
  readonly random: RandomBytes;
}

export class DetailsCipher {
  readonly #random: RandomBytes;
  readonly #keys: readonly WrappingKey[];

  constructor({ secrets, random }: DetailsCipherOptions) {
    this.#random = random;
    this.#keys = secrets.map((secret) => ({
      id: createHash('sha256').update(`${WRAPS}:${secret}`).digest('hex').slice(0, 16),
      key: new Uint8Array(hkdfSync('sha256', secret, '', WRAPS, KEY_BYTES)),
    }));
  }

  /** A new key of a buyer. */
  makeKey(userId: string): BuyerKey {
    const id = Buffer.from(this.#random(KEY_ID_BYTES)).toString('hex');
    return this.#wrap(userId, id, this.#random(KEY_BYTES));
  }

  /** The same key wrapped with the first secret; null where it is already. Errors: as `seal`. */
  rewrap(userId: string, key: BuyerKey): BuyerKey | null {
    if (key.secretId === this.#keys[0]!.id) return null;
    return this.#wrap(userId, key.id, this.#unwrap(userId, key));
  }

  /** Errors: `unknown-secret` where the key is wrapped with none of the secrets. */
  seal(userId: string, key: BuyerKey, orderId: string, details: OrderDetails): SealedDetails {
    const text = Buffer.from(JSON.stringify(details));
    const bytes = this.#encrypt(this.#unwrap(userId, key), text, boundTo(userId, orderId));
    return { orderId, userId, keyId: key.id, bytes };
  }

  /** Errors: as `seal`; an Error where the bytes are not what was sealed for this order. */
  open(key: BuyerKey, { orderId, userId, bytes }: SealedDetails): OrderDetails {
    const text = decrypt(this.#unwrap(userId, key), bytes, boundTo(userId, orderId));
    return JSON.parse(text.toString('utf8')) as OrderDetails;
  }

  #wrap(userId: string, id: string, key: Uint8Array): BuyerKey {
    const { id: secretId, key: wrapping } = this.#keys[0]!;
    return { id, secretId, wrapped: this.#encrypt(wrapping, key, boundTo(userId, id)) };
  }

  #unwrap(userId: string, { id, secretId, wrapped }: BuyerKey): Uint8Array {
    const wrapping = this.#keys.find((one) => one.id === secretId);
    if (wrapping === undefined) throw new UnknownSecretError();
    return decrypt(wrapping.key, wrapped, boundTo(userId, id));
  }

  /** Nonce, encrypted text, tag. A key encrypts far fewer texts than random nonces allow. */
  #encrypt(key: Uint8Array, text: Uint8Array, bound: Buffer): Uint8Array {
    const nonce = this.#random(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(bound);
    const encrypted = Buffer.concat([nonce, cipher.update(text), cipher.final()]);
    return new Uint8Array(Buffer.concat([encrypted, cipher.getAuthTag()]));
  }
}

/** The buyer's key is wrapped with a secret that this server does not have. */
class UnknownSecretError extends Error {
  readonly code = 'unknown-secret';

  constructor() {
    super('LIVEDROPS_DETAILS_SECRET lacks the secret that a key of order details is wrapped with');
  }
}

function decrypt(key: Uint8Array, bytes: Uint8Array, bound: Buffer): Buffer {
  const end = bytes.length - TAG_BYTES;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES))
    .setAAD(bound)
    .setAuthTag(bytes.subarray(end));
  return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()]);
}

/** Neither a user's id nor the other has a line break. */
function boundTo(userId: string, id: string): Buffer {
  return Buffer.from(`${userId}\n${id}`);
}
