// The leaves of the ledger, byte by byte as docs/LEDGER.md says. A leaf names nobody: what may be
// about a person stands in it as a salted commitment only.
//
// The commitment to a journal entry is over its bytes as they were appended. Trimming, archiving
// and later formats never change these, and they are hashed without being decoded.

import type { AuditEntry } from '../../contracts/audit.ts';
import type { TreeName } from '../../storage/ports/ledger.ts';
import { HASH_BYTES, sha256, sha256OfTwo } from './merkle.ts';

const ENTRY_LEAF = 1;
const ACTION_LEAF = 2;
const HEAD_LEAF = 3;
const NUMBER_BYTES = 8;
const SALT_BYTES = 16;
const ENTRY_LEAF_BYTES = 1 + NUMBER_BYTES + HASH_BYTES;
/** The types of targets in the audit log whose ids are of accounts. */
const PEOPLE = ['account', 'creator', 'member', 'user'];

export const HEADS = 'heads';
export const AUDIT = 'audit';

export function shardTree(shard: number): TreeName {
  return `shard-${shard}`;
}

/** A shard's number, or null where the tree is of no shard. */
export function shardOf(tree: TreeName): number | null {
  const match = /^shard-(\d{1,4})$/.exec(tree);
  return match === null ? null : Number(match[1]);
}

export interface HeadLeaf {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly tree: TreeName;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The salts of a ledger's journal entries. */
export class EntrySalts {
  /** The secret, then shard and sequence, which are written over. */
  readonly #place: Buffer;

  /** `secret`: base64. */
  constructor(secret: string) {
    const numbers = Buffer.alloc(2 * NUMBER_BYTES);
    this.#place = Buffer.concat([Buffer.from(secret, 'base64'), numbers]);
  }

  /** All inputs have one length, so no keyed hash is needed. */
  salt(shard: number, sequence: number): Buffer {
    const { length } = this.#place;
    writeNumber(this.#place, shard, length - 2 * NUMBER_BYTES);
    writeNumber(this.#place, sequence, length - NUMBER_BYTES);
    return sha256(this.#place).subarray(0, SALT_BYTES);
  }
}

/** `bytes`: the entry as it is stored. */
export function entryLeaf(salt: Uint8Array, sequence: number, bytes: Uint8Array): Buffer {
  // Each of its bytes is written.
  const leaf = Buffer.allocUnsafe(ENTRY_LEAF_BYTES);
  leaf[0] = ENTRY_LEAF;
  writeNumber(leaf, sequence, 1);
  commitment(salt, bytes).copy(leaf, 1 + NUMBER_BYTES);
  return leaf;
}

/**
 * `salt`: of all the people that the action is about. What was done stands in the clear; who did
 * it, to whom, and what came of it are commitments.
 */
export function actionLeaf(salt: Uint8Array, action: AuditEntry): Buffer {
  const { sequence, at, action: name, ...details } = action;
  const { actor, target, creatorId, params, changes, outcome, result, address, requestId } =
    details;
  const opened = JSON.stringify([
    [actor.kind, actor.id, actor.keyId],
    target,
    creatorId,
    params,
    changes,
    outcome,
    result,
    address,
    requestId,
  ]);
  return Buffer.concat([
    Buffer.of(ACTION_LEAF),
    numberBytes(sequence),
    numberBytes(at),
    commitment(salt, Buffer.from(opened)),
    Buffer.from(name),
  ]);
}

/** The people whose salts an action's leaf is made with: all ids of users in it. */
export function peopleOf({ actor, target, creatorId, params }: AuditEntry): readonly string[] {
  const people = new Set([actor.id]);
  if (creatorId !== null) people.add(creatorId);
  if (target !== null && PEOPLE.includes(target.type)) people.add(target.id);
  for (const name of ['userId', 'creatorId']) {
    const id = params[name];
    if (typeof id === 'string') people.add(id);
  }
  return [...people];
}

/** Without one of them the salt cannot be made again. `salts`: base64, as `peopleOf` orders. */
export function saltOfPeople(salts: readonly string[]): Buffer {
  const parts = salts.map((salt) => Buffer.from(salt, 'base64'));
  return sha256(Buffer.concat(parts)).subarray(0, SALT_BYTES);
}

export function headLeaf({ time, tree, size, root }: HeadLeaf): Buffer {
  return Buffer.concat([
    Buffer.of(HEAD_LEAF),
    numberBytes(time),
    numberBytes(size),
    root,
    Buffer.from(tree),
  ]);
}

export function readHeadLeaf(leaf: Uint8Array): HeadLeaf {
  const rootAt = 1 + 2 * NUMBER_BYTES;
  return {
    time: readNumber(leaf, 1),
    size: readNumber(leaf, 1 + NUMBER_BYTES),
    root: leaf.subarray(rootAt, rootAt + HASH_BYTES),
    tree: Buffer.from(leaf.subarray(rootAt + HASH_BYTES)).toString(),
  };
}

/** Salts have one length, so the parts cannot be confused. */
function commitment(salt: Uint8Array, bytes: Uint8Array): Buffer {
  return sha256OfTwo(salt, bytes);
}

function numberBytes(value: number): Buffer {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  writeNumber(bytes, value, 0);
  return bytes;
}

/** In halves: big integers take ten times as long. */
function writeNumber(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32BE(Math.floor(value / 2 ** 32), at);
  bytes.writeUInt32BE(value % 2 ** 32, at + NUMBER_BYTES / 2);
}

function readNumber(bytes: Uint8Array, at: number): number {
  return Number(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readBigUInt64BE(at));
}
