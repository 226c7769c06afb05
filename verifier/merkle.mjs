// The Merkle tree hash of RFC 6962, built from the left. It keeps only the roots of the perfect
// subtrees that the tree consists of.

import { createHash } from 'node:crypto';

function sha256(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

const LEAF = Buffer.of(0);
const NODE = Buffer.of(1);

export class Tree {
  /** `roots`: of the perfect subtrees of a tree of that size, from the left. */
  constructor(size = 0, roots = []) {
    this.size = size;
    this.roots = [...roots];
  }

  add(leaf) {
    let hash = sha256(LEAF, leaf);
    // As in a binary counter: each bit that is set has a subtree, and is carried.
    for (let count = this.size; count % 2 === 1; count = Math.floor(count / 2))
      hash = sha256(NODE, this.roots.pop(), hash);
    this.roots.push(hash);
    this.size += 1;
  }

  root() {
    if (this.size === 0) return sha256();
    let root = this.roots[this.roots.length - 1];
    for (let i = this.roots.length - 2; i >= 0; i--) root = sha256(NODE, this.roots[i], root);
    return root;
  }
}

/** How many perfect subtrees a tree of that size consists of. */
export function subtrees(size) {
  let count = 0;
  for (let left = size; left > 0; left = Math.floor(left / 2)) count += left % 2;
  return count;
}
