// A browser's side of Web Push: its keys, and the decryption of what it is sent (RFC 8291, written
// from the standard, apart from the code that encrypts).

import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';

const HEADER_BYTES = 21;
const TAG_BYTES = 16;

export class PushBrowser {
  readonly #keys = createECDH('prime256v1');
  readonly #auth: Buffer;

  constructor(privateKey?: Buffer, auth: Buffer = randomBytes(16)) {
    if (privateKey === undefined) this.#keys.generateKeys();
    else this.#keys.setPrivateKey(privateKey);
    this.#auth = auth;
  }

  get p256dh(): string {
    return this.#keys.getPublicKey('base64url');
  }

  get auth(): string {
    return this.#auth.toString('base64url');
  }

  /** The text of a message. Errors: any Error where it is not for this browser, or damaged. */
  read(body: Buffer): string {
    const salt = body.subarray(0, 16);
    const keyEnd = HEADER_BYTES + body.readUInt8(20);
    const sender = body.subarray(HEADER_BYTES, keyEnd);
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#keys.getPublicKey(), sender]);
    const shared = this.#keys.computeSecret(sender);
    const keying = Buffer.from(hkdfSync('sha256', shared, this.#auth, info, 32));
    const derive = (label: string, bytes: number) =>
      Buffer.from(hkdfSync('sha256', keying, salt, `Content-Encoding: ${label}\0`, bytes));
    const decipher = createDecipheriv('aes-128-gcm', derive('aes128gcm', 16), derive('nonce', 12));
    const record = body.subarray(keyEnd);
    if (record.length > body.readUInt32BE(16)) throw new Error('more than one record');
    decipher.setAuthTag(record.subarray(-TAG_BYTES));
    const plain = Buffer.concat([
      decipher.update(record.subarray(0, -TAG_BYTES)),
      decipher.final(),
    ]);
    const end = plain.lastIndexOf(2);
    if (end < 0 || plain.subarray(end + 1).some((byte) => byte !== 0))
      throw new Error('the padding is wrong');
    return plain.subarray(0, end).toString('utf8');
  }
}
