// Encrypts a push for one browser (RFC 8291): the content coding aes128gcm (RFC 8188) in one
// record, with a key pair of its own for each message.

import {
  createCipheriv,
  createECDH,
  createSecretKey,
  ECDH,
  hkdfSync,
  randomBytes,
} from 'node:crypto';

/** A subscription's keys, as bytes. */
export interface BrowserKeys {
  /** An uncompressed point of P-256: 65 bytes. */
  readonly publicKey: Buffer;
  /** 16 bytes. */
  readonly authSecret: Buffer;
}

export interface EncryptionOptions {
  /** Zeros are added up to a multiple of this, so that lengths say little. Default 128; 1: none. */
  readonly paddedToBytes?: number;
  /** Of this message only; given for the vectors of the standards. */
  readonly keyPair?: ECDH;
  /** 16 bytes; given for the same. */
  readonly salt?: Buffer;
}

const CURVE = 'prime256v1';
const POINT_BYTES = 65;
/** The first byte of such a point (SEC 1, 2.3.3). */
const UNCOMPRESSED = 4;
const AUTH_SECRET_BYTES = 16;
const SALT_BYTES = 16;
const TAG_BYTES = 16;
const RECORD_BYTES = 4_096;
/** Salt, record size and the length of the key id (RFC 8188, 2.1). */
const HEADER_BYTES = SALT_BYTES + 4 + 1;
/** What every push service takes (RFC 8030, 7.2). */
const BODY_BYTES_MAX = 4_096;
const PADDED_TO_BYTES = 128;
/** After the content of the last record. */
const LAST_RECORD = 2;
/** The longest payload, in bytes. */
export const PUSH_PAYLOAD_BYTES_MAX = BODY_BYTES_MAX - HEADER_BYTES - POINT_BYTES - TAG_BYTES - 1;

const WEB_PUSH_INFO = Buffer.from('WebPush: info\0');
const KEY_INFO = Buffer.from('Content-Encoding: aes128gcm\0');
const NONCE_INFO = Buffer.from('Content-Encoding: nonce\0');
const KEYING_BYTES = 32;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

/** Whether a browser can be sent to with these keys: their lengths, and a point on the curve. */
export function areBrowserKeys(p256dh: string, auth: string): boolean {
  const keys = browserKeys(p256dh, auth);
  if (keys === null) return false;
  try {
    ECDH.convertKey(keys.publicKey, CURVE);
  } catch {
    return false;
  }
  return true;
}

/**
 * The keys of a subscription, or null where their bytes have other lengths. That the point is on
 * the curve is found when a message is encrypted, and not looked at twice.
 */
export function browserKeys(p256dh: string, auth: string): BrowserKeys | null {
  const publicKey = Buffer.from(p256dh, 'base64url');
  const authSecret = Buffer.from(auth, 'base64url');
  if (publicKey.length !== POINT_BYTES || publicKey[0] !== UNCOMPRESSED) return null;
  if (authSecret.length !== AUTH_SECRET_BYTES) return null;
  return { publicKey, authSecret };
}

/**
 * The body of a push; null where the browser's key is no point of the curve. Errors: a RangeError
 * where the payload is too long.
 */
export function encryptedPush(
  payload: Buffer,
  { publicKey, authSecret }: BrowserKeys,
  options: EncryptionOptions = {},
): Buffer | null {
  const { salt = randomBytes(SALT_BYTES), keyPair = pairOfMessage } = options;
  const ownKey = keyPair === pairOfMessage ? keyPair.generateKeys() : keyPair.getPublicKey();
  const secret = secretOf(keyPair, publicKey);
  if (secret === null) return null;
  const info = Buffer.concat([WEB_PUSH_INFO, publicKey, ownKey]);
  const keying = derived(secret, authSecret, info, KEYING_BYTES);
  const toBytes = options.paddedToBytes ?? PADDED_TO_BYTES;
  return encryptedContent(payload, { keying, salt, keyId: ownKey, toBytes });
}

/** One record of aes128gcm (RFC 8188). `keying`: what the key is derived from. */
export function encryptedContent(
  content: Buffer,
  options: {
    readonly keying: Buffer;
    readonly salt: Buffer;
    readonly keyId: Buffer;
    readonly toBytes: number;
  },
): Buffer {
  if (content.length > PUSH_PAYLOAD_BYTES_MAX)
    throw new RangeError(`A push has at most ${PUSH_PAYLOAD_BYTES_MAX} bytes.`);
  const { keying, salt, keyId, toBytes } = options;
  const key = derived(keying, salt, KEY_INFO, KEY_BYTES);
  const nonce = derived(keying, salt, NONCE_INFO, NONCE_BYTES);
  const head = Buffer.allocUnsafe(HEADER_BYTES);
  salt.copy(head);
  head.writeUInt32BE(RECORD_BYTES, SALT_BYTES);
  head.writeUInt8(keyId.length, SALT_BYTES + 4);
  const cipher = createCipheriv('aes-128-gcm', createSecretKey(key), nonce);
  const record = cipher.update(padded(content, toBytes));
  cipher.final();
  return Buffer.concat([head, keyId, record, cipher.getAuthTag()]);
}

/** Holds the pair of one message at a time: a new object for each would cost a fifth more. */
const pairOfMessage = createECDH(CURVE);

/** Null: `publicKey` is no point of the curve. */
function secretOf(keyPair: ECDH, publicKey: Buffer): Buffer | null {
  try {
    return keyPair.computeSecret(publicKey);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY') return null;
    throw error;
  }
}

/** The content, the mark of the last record, and zeros. */
function padded(content: Buffer, toBytes: number): Buffer {
  const length = Math.ceil((content.length + 1) / toBytes) * toBytes;
  const plain = Buffer.alloc(Math.min(length, PUSH_PAYLOAD_BYTES_MAX + 1));
  content.copy(plain);
  plain[content.length] = LAST_RECORD;
  return plain;
}

/** HKDF (RFC 5869). Node takes a secret as a key object in half the time that bytes take. */
function derived(secret: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', createSecretKey(secret), salt, info, bytes));
}
