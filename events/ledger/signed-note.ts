// Checkpoints as signed notes (C2SP, signed-note and tlog-checkpoint), with Ed25519.

import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { LEDGER_KEYS_MAX, type LedgerKey } from '../../storage/ports/ledger.ts';
import { sha256 } from './merkle.ts';

/** The kind of key: Ed25519. */
const ED25519 = Buffer.of(1);
const KEY_ID_BYTES = 4;
const KEY_BYTES = 32;
/** What stands before a private key in its DER form (RFC 8410). */
const PRIVATE_KEY_DER = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface Checkpoint {
  /** Names the log. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** `createdAt`: milliseconds since the Unix epoch. */
export function newLedgerKey(name: string, createdAt: number): LedgerKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES);
  const point = publicKey.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES);
  return {
    keyId: keyIdOf(name, point).toString('hex'),
    verifierKey: verifierKey(name, point),
    privateKey: seed.toString('base64'),
    createdAt,
  };
}

function keyIdOf(name: string, point: Uint8Array): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${name}\n`), ED25519, point])).subarray(
    0,
    KEY_ID_BYTES,
  );
}

/** What verifiers are given: name, id and public key. */
function verifierKey(name: string, point: Uint8Array): string {
  const key = Buffer.concat([ED25519, point]).toString('base64');
  return `${name}+${keyIdOf(name, point).toString('hex')}+${key}`;
}

/** Those that signed lately; at most `LEDGER_KEYS_MAX`. */
const signingKeys = new Map<string, KeyObject>();

/** Kept, because making one costs as much as signing with it. */
function signingKey(privateKey: string): KeyObject {
  const known = signingKeys.get(privateKey);
  if (known !== undefined) return known;
  const der = Buffer.concat([PRIVATE_KEY_DER, Buffer.from(privateKey, 'base64')]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  if (signingKeys.size >= LEDGER_KEYS_MAX) signingKeys.clear();
  signingKeys.set(privateKey, key);
  return key;
}

/** The note with the signature of each key. */
export function signCheckpoint(checkpoint: Checkpoint, keys: readonly LedgerKey[]): string {
  const { origin, size, root } = checkpoint;
  const text = `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
  const lines = keys.map(({ keyId, privateKey }) => {
    const signature = sign(null, Buffer.from(text), signingKey(privateKey));
    const shown = Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64');
    return `\u2014 ${origin} ${shown}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

/** The size that a checkpoint of ours says. */
export function checkpointSize(checkpoint: string): number {
  return Number(checkpoint.split('\n', 2)[1]);
}

export function originOf(ledgerId: string): string {
  return `livedrops/${ledgerId}`;
}

export interface SignedCheckpoint {
  readonly checkpoint: string;
  /** Of the keys that signed it, in the order of their signatures. */
  readonly verifierKeys: readonly string[];
}

/** The checkpoint without the signatures of keys that were removed since. */
export function withPresentKeys(
  note: string,
  keys: readonly Pick<LedgerKey, 'keyId' | 'verifierKey'>[],
): SignedCheckpoint {
  const end = note.indexOf('\n\n') + 2;
  const signed = note
    .slice(end)
    .split('\n')
    .flatMap((line) => {
      const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
      const keyId = bytes.subarray(0, KEY_ID_BYTES).toString('hex');
      const key = keys.find((one) => one.keyId === keyId);
      return key === undefined ? [] : [{ line, key }];
    });
  return {
    checkpoint: note.slice(0, end) + signed.map(({ line }) => `${line}\n`).join(''),
    verifierKeys: signed.map(({ key }) => key.verifierKey),
  };
}
