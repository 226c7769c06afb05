// Signed checkpoints (C2SP, signed-note and tlog-checkpoint), with Ed25519.

import { createHash, createPublicKey, verify } from 'node:crypto';

const ED25519 = 1;
const DER_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A verifier key: name, id and key, with `+` between. */
export function parseKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  if (name === undefined || bytes.length !== 33 || bytes[0] !== ED25519)
    throw new Error(`${JSON.stringify(text)} is no verifier key of Ed25519`);
  const found = createHash('sha256').update(`${name}\n`).update(bytes).digest('hex').slice(0, 8);
  if (found !== id) throw new Error(`the id of the key ${name}+${id} is not that of its bytes`);
  const der = Buffer.concat([DER_PREFIX, bytes.subarray(1)]);
  return { text, name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

/** What a checkpoint says. Throws unless each of the keys, and nobody else, has signed it. */
export function openCheckpoint(note, keys) {
  const split = note.indexOf('\n\n');
  const text = note.slice(0, split + 1);
  const [, origin, size, root] =
    /^([^\n]+)\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/.exec(text) ?? [];
  if (split < 0 || origin === undefined) throw new Error('the checkpoint is not well-formed');
  const lines = note.slice(split + 2).split('\n');
  if (lines.pop() !== '' || lines.length !== keys.length)
    throw new Error('the checkpoint does not have one signature of each key');
  for (const [i, { name, id, key }] of keys.entries()) {
    const [prefix, encoded] = [`\u2014 ${name} `, lines[i].slice(name.length + 3)];
    const bytes = Buffer.from(encoded, 'base64');
    const isWellFormed = lines[i].startsWith(prefix) && bytes.toString('base64') === encoded;
    if (!isWellFormed || bytes.subarray(0, 4).toString('hex') !== id)
      throw new Error(`the signature of the checkpoint by ${name}+${id} is not well-formed`);
    if (!verify(null, Buffer.from(text), key, bytes.subarray(4)))
      throw new Error(`the signature of the checkpoint by ${name}+${id} is false`);
  }
  return { origin, size: Number(size), root: Buffer.from(root, 'base64') };
}
