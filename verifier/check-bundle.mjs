// Checks one bundle: every tree is built again from its leaves, each leaf of `heads` is compared
// with the tree that it is about, and `heads` with the signed checkpoint. It keeps the right edge
// of each tree, so memory does not grow with the ledger.

import { readNumber, readRecords, splitLeaves } from './bundle.mjs';
import { subtrees, Tree } from './merkle.mjs';
import { openCheckpoint, parseKey } from './note.mjs';

const HASH_BYTES = 32;
const ENTRY_LEAF = 1;
const ACTION_LEAF = 2;
const HEAD_LEAF = 3;
const ENTRY_LEAF_BYTES = 1 + 8 + HASH_BYTES;
const ACTION_LEAF_BYTES_MIN = 1 + 8 + 8 + HASH_BYTES;
const HEAD_LEAF_BYTES_MIN = 1 + 8 + 8 + HASH_BYTES + 1;
const HEADS = 'heads';
const AUDIT = 'audit';
const NAME = /^(?:heads|audit|shard-(?:0|[1-9]\d{0,3}))$/;
const FINDINGS_MAX = 100;

/** The checkpoint of a bundle, and the keys that signed it. Throws where a signature is false. */
export async function readHead(file) {
  const keys = [];
  let note = null;
  for await (const { kind, payload } of readRecords(file)) {
    if (kind === 'C' && note === null) note = payload.toString();
    else if (kind === 'K') keys.push(parseKey(payload.toString()));
    else break;
  }
  if (note === null) throw new Error('the bundle does not begin with a checkpoint');
  if (keys.length === 0) throw new Error('the bundle has no key');
  return { ...openCheckpoint(note, keys), keys };
}

/** `rootsAt`: sizes of `heads` of which the roots are told. */
export async function checkBundle(file, { head, rootsAt = [] }) {
  const check = new Check(head, rootsAt);
  try {
    for await (const record of readRecords(file)) check.take(record);
    check.end();
  } catch (error) {
    check.find(error.message);
  }
  return check;
}

/** The leaves of a bundle in its order, each with its tree and its index there. */
export async function* leavesOf(file) {
  const trees = [];
  for await (const { kind, payload } of readRecords(file)) {
    if (kind === 'T') trees.push(readTree(payload));
    if (kind === 'L') {
      const tree = trees[payload.readUInt16BE(0)];
      for (const leaf of splitLeaves(payload.subarray(2)))
        yield { tree: tree.name, index: tree.at++, number: tree.first + tree.at - 1, leaf };
    }
    if (kind === 'H') yield { tree: HEADS, index: trees[0].at++, number: null, leaf: payload };
  }
}

function readTree(payload) {
  const nameEnd = 17 + payload[16];
  const name = payload.subarray(17, nameEnd).toString();
  const first = readNumber(payload, 0);
  const at = readNumber(payload, 8);
  const edge = payload.subarray(nameEnd);
  if (!NAME.test(name) || nameEnd > payload.length || edge.length !== subtrees(at) * HASH_BYTES)
    throw new Error(`the record of the tree ${JSON.stringify(name)} is not well-formed`);
  const roots = Array.from({ length: subtrees(at) }, (_, i) =>
    Buffer.from(edge.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES)),
  );
  return { name, first, at, roots };
}

class Check {
  #head;
  #rootsAt;
  #records = 0;
  #ended = false;
  /** The tree of which leaves have begun, and no leaf of `heads` has come; null for none. */
  #growing = null;
  /** By number; the first is `heads`. */
  trees = [];
  findings = [];
  /** By size of `heads`, in hexadecimal digits. */
  roots = new Map();

  constructor(head, rootsAt) {
    this.#head = head;
    this.#rootsAt = new Set(rootsAt);
  }

  /** The size of `heads` that the bundle begins at; null where it does not say. */
  get start() {
    return this.trees[0]?.start ?? null;
  }

  find(text) {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(text);
  }

  take({ kind, at, payload }) {
    if (this.#ended) throw new Error(`something follows the end of the bundle, at byte ${at}`);
    this.#records += 1;
    if (kind === 'C' && this.#records === 1) return;
    if (kind === 'K' && this.trees.length === 0) return;
    if (kind === 'T') this.#takeTree(payload);
    else if (kind === 'L' && this.trees.length > 1) this.#takeLeaves(payload);
    else if (kind === 'H' && this.trees.length > 1) this.#takeHead(payload);
    else if (kind === 'E') this.#takeEnd(payload);
    else throw new Error(`the record at byte ${at} cannot stand there`);
  }

  end() {
    if (!this.#ended) throw new Error('the bundle is cut off: it has no end');
    const [heads, ...others] = this.trees;
    if (heads === undefined) throw new Error('the bundle has no trees');
    for (const tree of others)
      if (tree.built.size !== tree.covered)
        this.find(`${tree.name}: no leaf of heads has its leaves behind ${tree.covered}`);
    const { size, root } = this.#head;
    if (heads.built.size !== size)
      this.find(`heads: the checkpoint is of ${size} leaves, the bundle has ${heads.built.size}`);
    else if (!heads.built.root().equals(root))
      this.find('heads: its leaves do not make the root of the checkpoint');
  }

  #takeTree(payload) {
    const { name, first, at, roots } = readTree(payload);
    if ((this.trees.length === 0) !== (name === HEADS))
      throw new Error('the first tree of a bundle, and no other, is heads');
    if (this.trees.some((tree) => tree.name === name))
      throw new Error(`the tree ${name} is there twice`);
    if (name === HEADS && first !== 0) throw new Error('the first leaf of heads is number 0');
    const built = new Tree(at, roots);
    const tree = { name, first, start: at, built, covered: at, isWrong: false };
    this.trees.push(tree);
    if (name === HEADS) this.#noteRoot();
    else this.#grow(tree);
  }

  #takeLeaves(payload) {
    const tree = this.trees[payload.readUInt16BE(0)];
    if (tree === undefined || tree.name === HEADS)
      throw new Error('leaves are of a tree that the bundle has not');
    if (tree !== this.#growing) this.#grow(tree);
    for (const leaf of splitLeaves(payload.subarray(2))) {
      const index = tree.built.size;
      const isAction = tree.name === AUDIT;
      const fits = isAction
        ? leaf[0] === ACTION_LEAF && leaf.length > ACTION_LEAF_BYTES_MIN
        : leaf[0] === ENTRY_LEAF && leaf.length === ENTRY_LEAF_BYTES;
      if (!fits) this.find(`${tree.name}: leaf ${index} is not well-formed`);
      else if (readNumber(leaf, 1) !== tree.first + index)
        this.find(
          `${tree.name}: leaf ${index} is ${readNumber(leaf, 1)}, not ${tree.first + index}`,
        );
      tree.built.add(leaf);
    }
  }

  #grow(tree) {
    if (this.#growing !== null)
      throw new Error(`leaves of ${tree.name} stand where a leaf of heads was to come`);
    this.#growing = tree;
  }

  #takeHead(leaf) {
    const heads = this.trees[0];
    const index = heads.built.size;
    if (leaf[0] !== HEAD_LEAF || leaf.length < HEAD_LEAF_BYTES_MIN) {
      this.find(`heads: leaf ${index} is not well-formed`);
    } else {
      const size = readNumber(leaf, 9);
      const name = leaf.subarray(17 + HASH_BYTES).toString();
      const tree = this.trees.find((one) => one.name === name);
      if (tree === undefined || tree !== this.#growing)
        this.find(`heads: leaf ${index} is about ${JSON.stringify(name)}, which has not grown`);
      else this.#compare(tree, { index, size, root: leaf.subarray(17, 17 + HASH_BYTES) });
    }
    this.#growing = null;
    heads.built.add(leaf);
    this.#noteRoot();
  }

  #compare(tree, { index, size, root }) {
    const { name, built, covered } = tree;
    tree.covered = size;
    if (tree.isWrong) return;
    const range = `${name}: leaves ${covered} to ${built.size - 1}`;
    if (built.size !== size || size <= covered) {
      tree.isWrong = true;
      this.find(`${range} are there where leaf ${index} of heads has ${size} leaves`);
    } else if (!built.root().equals(root)) {
      tree.isWrong = true;
      this.find(`${range} do not make the root that leaf ${index} of heads has`);
    }
  }

  #takeEnd(payload) {
    this.#ended = true;
    const records = readNumber(payload, 0);
    if (records !== this.#records - 1)
      throw new Error(`the bundle has ${this.#records - 1} records, and says ${records}`);
  }

  #noteRoot() {
    const { built } = this.trees[0];
    if (this.#rootsAt.has(built.size)) this.roots.set(built.size, built.root().toString('hex'));
  }
}
