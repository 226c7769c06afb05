// The text of an API key: `ld_key_`, 32 random characters, and 6 of a checksum over all before
// them. So scanners of source code find keys that leaked, and a gateway knows most wrong ones
// without asking anybody. Stores hold a hash of it only.

import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { API_KEY_PREFIX } from '../contracts/api-keys.ts';
import type { RandomBytes } from './random-bytes.ts';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 190 bits. */
const RANDOM_LENGTH = 32;
/** 62 to the 6th is more than 2 to the 32nd. */
const CHECKSUM_LENGTH = 6;
const HINT_LENGTH = 4;
const form = new RegExp(`^${API_KEY_PREFIX}[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);
/** The largest multiple of 62 in a byte: what is above would make some characters more likely. */
const BYTE_MAX = 248;

export function newKeyText(random: RandomBytes): string {
  let text = API_KEY_PREFIX;
  while (text.length < API_KEY_PREFIX.length + RANDOM_LENGTH) {
    for (const byte of random(RANDOM_LENGTH)) {
      if (byte < BYTE_MAX && text.length < API_KEY_PREFIX.length + RANDOM_LENGTH)
        text += ALPHABET[byte % ALPHABET.length]!;
    }
  }
  return text + checksumOf(text);
}

/** Whether it could be a key: the form and the checksum are right. */
export function isKeyText(text: string): boolean {
  return (
    form.test(text) && checksumOf(text.slice(0, -CHECKSUM_LENGTH)) === text.slice(-CHECKSUM_LENGTH)
  );
}

/** What stores hold of a key: SHA-256 in hex. It has 190 random bits, so no salt is needed. */
export function keyHash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The last characters, which are of the checksum. */
export function keyHint(text: string): string {
  return text.slice(-HINT_LENGTH);
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let checksum = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    checksum = ALPHABET[rest % ALPHABET.length]! + checksum;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return checksum;
}
