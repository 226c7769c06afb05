// A tree as the state has it: the leaves that are in no tile yet, and the hashes above them that
// fill no tile. Everything else of the tree is in full tiles, which nothing here reads.

import type { StoredTree, TreeName } from '../../storage/ports/ledger.ts';
import { Edge, leafHash, perfectRoot, rootOfPeaks } from './merkle.ts';
import {
  joinLeaves,
  splitHashes,
  splitLeaves,
  TILE_HEIGHT,
  TILE_WIDTH,
  type TileLevel,
} from './tile-layout.ts';

export interface FullTile {
  readonly level: TileLevel;
  readonly index: number;
  readonly bytes: Uint8Array;
}

export class GrowingTree {
  readonly name: TreeName;
  readonly first: number;
  /** The index of its newest leaf in `heads`. */
  head: number;
  /** Leaves in full tiles: a multiple of `TILE_WIDTH`. */
  #tiled: number;
  readonly #tail: Uint8Array[];
  readonly #tailHashes: Uint8Array[] = [];
  /** By level less one: the hashes of the tile that is not full. */
  readonly #upper: Uint8Array[][] = [];
  /** Of the tiles of leaves that are full, in files or not. */
  readonly #edge = new Edge();
  /** Of the leaves after them. */
  #open = new Edge();
  /** Of the full tiles in the tail. */
  readonly #tileRoots: Uint8Array[] = [];

  constructor({ name, first, size, head, tail, upper }: StoredTree) {
    this.name = name;
    this.first = first;
    this.head = head;
    this.#tail = splitLeaves(tail);
    this.#tiled = size - this.#tail.length;
    const hashes = splitHashes(upper);
    let at = 0;
    for (let count = this.#tiled / TILE_WIDTH; count > 0; count = Math.floor(count / TILE_WIDTH)) {
      const width = count % TILE_WIDTH;
      this.#upper.push(hashes.slice(at, at + width));
      at += width;
    }
    for (let level = this.#upper.length; level > 0; level--) {
      for (const hash of this.#upper[level - 1]!) this.#edge.add(hash, level * TILE_HEIGHT);
    }
    for (const leaf of this.#tail) this.#hashOf(leaf);
  }

  static empty(name: TreeName, first: number): GrowingTree {
    const nothing = new Uint8Array(0);
    return new GrowingTree({ name, first, size: 0, head: 0, tail: nothing, upper: nothing });
  }

  get size(): number {
    return this.#tiled + this.#tail.length;
  }

  root(): Uint8Array {
    return rootOfPeaks([...this.#edge.peaks, ...this.#open.peaks]);
  }

  append(leaf: Uint8Array): void {
    this.#tail.push(leaf);
    this.#hashOf(leaf);
  }

  stored(): StoredTree {
    const { name, first, size, head } = this;
    const upper = Buffer.concat(this.#upper.flat());
    return { name, first, size, head, tail: joinLeaves(this.#tail), upper };
  }

  /** The tiles that have become full, lower ones first. They are the caller's from now on. */
  takeFull(): FullTile[] {
    const full: FullTile[] = [];
    while (this.#tail.length >= TILE_WIDTH) {
      const index = this.#tiled / TILE_WIDTH;
      const leaves = this.#tail.splice(0, TILE_WIDTH);
      const hashes = this.#tailHashes.splice(0, TILE_WIDTH);
      full.push({ level: 'entries', index, bytes: joinLeaves(leaves) });
      full.push({ level: 0, index, bytes: Buffer.concat(hashes) });
      this.#tiled += TILE_WIDTH;
      this.#addUpper(this.#tileRoots.shift()!, 1, full);
    }
    return full;
  }

  /** The first `width` hashes of a tile that is not full; lower ones must be taken before. */
  hashes(level: number, width: number): readonly Uint8Array[] {
    const hashes = level === 0 ? this.#tailHashes : (this.#upper[level - 1] ?? []);
    return hashes.slice(0, width);
  }

  /** The leaves that are in no full tile. */
  get tail(): readonly Uint8Array[] {
    return this.#tail;
  }

  #addUpper(root: Uint8Array, level: number, full: FullTile[]): void {
    const hashes = (this.#upper[level - 1] ??= []);
    hashes.push(root);
    if (hashes.length < TILE_WIDTH) return;
    const index = this.#tiled / TILE_WIDTH ** (level + 1) - 1;
    full.push({ level, index, bytes: Buffer.concat(hashes) });
    this.#upper[level - 1] = [];
    this.#addUpper(perfectRoot(hashes), level + 1, full);
  }

  #hashOf(leaf: Uint8Array): void {
    const hash = leafHash(leaf);
    this.#tailHashes.push(hash);
    this.#open.add(hash);
    if (this.#open.size < TILE_WIDTH) return;
    const root = this.#open.root();
    this.#tileRoots.push(root);
    this.#edge.add(root, TILE_HEIGHT);
    this.#open = new Edge();
  }
}
