// A bundle: the ledger as one file that is verified by itself, byte by byte as docs/LEDGER.md says.
// It is written as a stream, in the order in which the ledger grew: before each leaf of `heads`
// the leaves that its tree had gained. So whoever reads it needs the right edge of each tree only.

import type { TreeName } from '../../storage/ports/ledger.ts';
import { HEADS, readHeadLeaf } from './leaves.ts';
import { checkpointSize } from './signed-note.ts';
import { joinLeaves } from './tile-layout.ts';

const MAGIC = 'livedrops-ledger-bundle/1\n';
/** Leaves asked for at a time, of one tree. */
const LEAVES_READ = 1_024;
/** In one record. */
const LEAVES_PER_RECORD = 256;

export interface BundledTree {
  readonly name: TreeName;
  readonly first: number;
}

/** Where the ledger is read. */
export interface BundleSource {
  readonly checkpoint: string;
  /** The keys that verify it. */
  readonly verifierKeys: readonly string[];
  readonly trees: readonly BundledTree[];
  /** At most `limit` leaves from that index, and at least one. */
  leaves(tree: TreeName, from: number, limit: number): Promise<readonly Uint8Array[]>;
  /** The roots of the perfect subtrees of the tree at that size, from the left. */
  edge(tree: TreeName, size: number): Promise<readonly Uint8Array[]>;
}

export interface BundleOptions {
  readonly source: BundleSource;
  /** A size of `heads`: what was in the ledger by then is left out, but for its edges. */
  readonly from: number;
}

/** Errors: RangeError where the ledger is not that far; those of the source. */
export async function* bundleChunks({ source, from }: BundleOptions): AsyncGenerator<Uint8Array> {
  const size = checkpointSize(source.checkpoint);
  if (from > size) throw new RangeError(`the ledger has ${size} heads, not ${from}`);
  const heads = new LeafReader(source, HEADS, size);
  const begun = new Map<TreeName, number>();
  for (let i = 0; i < from; i++) {
    const { tree, size: grownTo } = readHeadLeaf(await heads.next());
    begun.set(tree, grownTo);
  }
  let records = 0;
  const record = (kind: string, payload: Uint8Array): Uint8Array => {
    records += 1;
    return framed(kind, payload);
  };
  yield Buffer.from(MAGIC);
  yield record('C', Buffer.from(source.checkpoint));
  for (const key of source.verifierKeys) yield record('K', Buffer.from(key));
  const open = new Map<TreeName, { number: number; reader: LeafReader }>();
  const treeRecord = async (name: TreeName, at: number): Promise<Uint8Array> => {
    const first = source.trees.find((tree) => tree.name === name)?.first ?? 0;
    const edge = at === 0 ? [] : await source.edge(name, at);
    const named = Buffer.from(name);
    return record(
      'T',
      Buffer.concat([numbers(first, at), Buffer.of(named.length), named, ...edge]),
    );
  };
  yield await treeRecord(HEADS, from);
  for (let i = from; i < size; i++) {
    const leaf = await heads.next();
    const { tree, size: grownTo } = readHeadLeaf(leaf);
    let found = open.get(tree);
    if (found === undefined) {
      const at = begun.get(tree) ?? 0;
      found = { number: open.size + 1, reader: new LeafReader(source, tree, Infinity, at) };
      open.set(tree, found);
      yield await treeRecord(tree, at);
    }
    const { number, reader } = found;
    while (reader.at < grownTo) {
      const count = Math.min(LEAVES_PER_RECORD, grownTo - reader.at);
      const leaves: Uint8Array[] = [];
      while (leaves.length < count) leaves.push(await reader.next());
      yield record('L', Buffer.concat([Buffer.of(number >> 8, number & 0xff), joinLeaves(leaves)]));
    }
    yield record('H', leaf);
  }
  yield framed('E', numbers(records));
}

function framed(kind: string, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind, 'latin1');
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length);
  for (const [i, value] of values.entries()) bytes.writeBigUInt64BE(BigInt(value), 8 * i);
  return bytes;
}

/** The leaves of a tree one by one, read some at a time. */
class LeafReader {
  readonly #source: BundleSource;
  readonly #tree: TreeName;
  readonly #end: number;
  #leaves: readonly Uint8Array[] = [];
  #taken = 0;
  at: number;

  constructor(source: BundleSource, tree: TreeName, end: number, at = 0) {
    this.#source = source;
    this.#tree = tree;
    this.#end = end;
    this.at = at;
  }

  async next(): Promise<Uint8Array> {
    if (this.#taken === this.#leaves.length) {
      const limit = Math.min(LEAVES_READ, this.#end - this.at);
      this.#leaves = await this.#source.leaves(this.#tree, this.at, limit);
      if (this.#leaves.length === 0)
        throw new RangeError(`${this.#tree} has no leaf ${this.at}, which the ledger is to have`);
      this.#taken = 0;
    }
    this.at += 1;
    return this.#leaves[this.#taken++]!;
  }
}
