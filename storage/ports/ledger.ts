// The port of the ledger's state (L1): how far each tree has come, the right edge of each, which is
// not yet in tiles, the newest checkpoint, and the keys that sign it. Full tiles are blobs, not
// here. It holds secrets, so nothing of it is listed or exported. No backup has it: a store that is
// restored has another history than the one that was signed, and begins a ledger of its own.

import { randomBytes } from 'node:crypto';
import type { LedgerVerification } from '../../contracts/ledger.ts';

/** `heads`, `audit`, or `shard-` with the shard's number. */
export type TreeName = string;

/** A key pair of Ed25519. */
export interface LedgerKey {
  /** 8 hexadecimal digits. */
  readonly keyId: string;
  /** What verifiers are given (C2SP, signed-note): name, id and public key. */
  readonly verifierKey: string;
  /** 32 bytes, base64. */
  readonly privateKey: string;
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: number;
}

/** Keys that sign at the same time. */
export const LEDGER_KEYS_MAX = 4;
/** Of a person's salt. */
const SALT_BYTES = 16;

/** A salt, base64. */
export function newSalt(): string {
  return randomBytes(SALT_BYTES).toString('base64');
}

export interface NewLedger {
  /** 16 hexadecimal digits, random. */
  readonly id: string;
  /** 32 bytes, base64: what the salts of journal entries are made with. */
  readonly secret: string;
  readonly key: LedgerKey;
}

export interface LedgerHead {
  readonly id: string;
  readonly secret: string;
  /** The newest first. */
  readonly keys: readonly LedgerKey[];
  /** The number of commits. */
  readonly version: number;
  /** The newest signed checkpoint; empty before the first commit. */
  readonly checkpoint: string;
  /** When that was signed, in milliseconds since the Unix epoch; 0 before. */
  readonly signedAt: number;
}

export function newLedgerHead({ id, secret, key }: NewLedger): LedgerHead {
  return { id, secret, keys: [key], version: 0, checkpoint: '', signedAt: 0 };
}

export interface TreeSummary {
  readonly name: TreeName;
  /** The number of the first leaf: the sequence of an entry, or the id of an action. */
  readonly first: number;
  readonly size: number;
  /** The index in `heads` of the leaf that has this tree at this size; 0 for `heads` itself. */
  readonly head: number;
}

export interface StoredTree extends TreeSummary {
  /** The leaves that may not be in tiles yet, as a bundle has them; their count is below `size`. */
  readonly tail: Uint8Array;
  /** The hashes of all tiles above level 0 that are not full, from level 1. */
  readonly upper: Uint8Array;
}

export interface LedgerCommit {
  readonly checkpoint: string;
  readonly signedAt: number;
  /** Those that have grown. */
  readonly trees: readonly StoredTree[];
}

/** Errors of all methods: `store-unavailable`. Writes are as durable as an entry of the journal. */
export interface LedgerStore {
  /** Null before the ledger began. */
  head(): Promise<LedgerHead | null>;
  /** Begins the ledger where there is none. One atomic step; answers what is there then. */
  begin(ledger: NewLedger): Promise<LedgerHead>;
  trees(): Promise<readonly TreeSummary[]>;
  tree(name: TreeName): Promise<StoredTree | null>;
  /**
   * Stores trees and checkpoint in one atomic step and raises the version by one. False, and
   * nothing changes, where the version is another one.
   */
  commit(version: number, commit: LedgerCommit): Promise<boolean>;
  /**
   * Replaces the keys. False, and nothing changes, where the ids of those so far are others than
   * `present`, or in another order.
   */
  replaceKeys(keys: readonly LedgerKey[], present: readonly string[]): Promise<boolean>;
  /**
   * A person's salt for each of the ids, 16 random bytes, base64; made and stored where there is
   * none. For a person whose salt was forgotten it is made anew each time and never stored, so
   * nobody can open a leaf that is made with it.
   */
  salts(people: readonly string[]): Promise<readonly string[]>;
  /** The salts that are there; null for each that is not. */
  presentSalts(people: readonly string[]): Promise<readonly (string | null)[]>;
  /** Removes a person's salt for good, and lets no other take its place. Idempotent. */
  forgetSalt(person: string): Promise<void>;
}

/** With the outcome of the last comparison of the ledger with its truth. */
export interface VerifiedLedgerStore extends LedgerStore {
  /** Null before the first one. */
  verification(): Promise<LedgerVerification | null>;
  /** In place of the one before. */
  noteVerification(verification: LedgerVerification): Promise<void>;
}
