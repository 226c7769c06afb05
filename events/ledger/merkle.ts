// The Merkle tree hash of RFC 6962, section 2.1 (the same in RFC 9162), and the right edge of a
// tree, which is all that appending needs. It stores nothing.

import { createHash, hash } from 'node:crypto';
import { assert } from '../../domain/assert.ts';

export const HASH_BYTES = 32;
const LEAF_PREFIX = Buffer.of(0);
const NODE_PREFIX = 1;

/** As a string of its bytes and back: half the CPU of asking for a buffer. */
export function sha256(bytes: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', bytes, 'binary'), 'binary');
}

/** What is hashed is put together here: hashing it ends before anything else runs. */
const together = Buffer.alloc(64 << 10);

/** Of both, one after the other: one call for small ones, without memory of their own. */
export function sha256OfTwo(first: Uint8Array, second: Uint8Array): Buffer {
  const length = first.length + second.length;
  if (length > together.length) return createHash('sha256').update(first).update(second).digest();
  together.set(first);
  together.set(second, first.length);
  return sha256(together.subarray(0, length));
}

/** Of the tree without leaves. */
export const EMPTY_ROOT = sha256(Buffer.alloc(0));

export function leafHash(leaf: Uint8Array): Buffer {
  return sha256OfTwo(LEAF_PREFIX, leaf);
}

/** As `together`. */
const bothHashes = Buffer.alloc(1 + 2 * HASH_BYTES);
bothHashes[0] = NODE_PREFIX;

export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  bothHashes.set(left, 1);
  bothHashes.set(right, 1 + HASH_BYTES);
  return sha256(bothHashes);
}

/** The root of a perfect tree of these hashes; a power of two of them. */
export function perfectRoot(hashes: readonly Uint8Array[]): Uint8Array {
  let level = hashes;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let i = 0; i < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!));
    level = above;
  }
  return level[0]!;
}

interface Peak {
  /** The peak is the root of a perfect subtree of 2^height leaves. */
  readonly height: number;
  readonly hash: Uint8Array;
}

/** The roots of the perfect subtrees that a tree consists of, from the left; 64 at the most. */
export class Edge {
  readonly #peaks: Peak[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** From the left, as `add` takes them. */
  get peaks(): readonly Peak[] {
    return this.#peaks;
  }

  /** A perfect subtree on the right; none that is there is smaller. */
  add(added: Uint8Array, height = 0): void {
    let peak: Peak = { height, hash: added };
    this.#size += 2 ** height;
    for (;;) {
      const last = this.#peaks.at(-1);
      if (last === undefined || last.height > peak.height) break;
      assert(last.height === peak.height, 'subtrees are added from the largest to the smallest');
      this.#peaks.pop();
      peak = { height: height + 1, hash: nodeHash(last.hash, peak.hash) };
      height += 1;
    }
    this.#peaks.push(peak);
  }

  root(): Uint8Array {
    return rootOfPeaks(this.#peaks);
  }
}

/** Of a tree that consists of these perfect subtrees, from the left, each smaller than the last. */
export function rootOfPeaks(peaks: readonly Peak[]): Uint8Array {
  const rightmost = peaks.at(-1);
  if (rightmost === undefined) return EMPTY_ROOT;
  let root = rightmost.hash;
  for (let i = peaks.length - 2; i >= 0; i--) root = nodeHash(peaks[i]!.hash, root);
  return root;
}

/**
 * The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2); null where the proof does
 * not fit a tree of that size.
 */
export function rootOfInclusion(
  leaf: Uint8Array,
  { index, size, path }: { index: number; size: number; path: readonly Uint8Array[] },
): Uint8Array | null {
  if (index >= size) return null;
  let node = index;
  let last = size - 1;
  let root: Uint8Array = leafHash(leaf);
  for (const sibling of path) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      root = nodeHash(sibling, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else root = nodeHash(root, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? root : null;
}

/**
 * Both roots that a consistency proof leads to, from the older root (RFC 9162, section 2.1.4.2);
 * null where the proof does not fit. `olderSize` is at least 1.
 */
export function rootsOfConsistency(
  olderRoot: Uint8Array,
  { olderSize, size, path }: { olderSize: number; size: number; path: readonly Uint8Array[] },
): { readonly older: Uint8Array; readonly newer: Uint8Array } | null {
  if (olderSize > size || olderSize < 1) return null;
  if (olderSize === size) return path.length > 0 ? null : { older: olderRoot, newer: olderRoot };
  let node = olderSize - 1;
  let last = size - 1;
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  // The older tree is perfect: its root is where the proof begins.
  const [first, ...rest] = node === 0 ? [olderRoot, ...path] : path;
  if (first === undefined) return null;
  let older = first;
  let newer = first;
  for (const sibling of rest) {
    if (last === 0) return null;
    if (node % 2 === 1 || node === last) {
      older = nodeHash(sibling, older);
      newer = nodeHash(sibling, newer);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else newer = nodeHash(newer, sibling);
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? { older, newer } : null;
}
