// The trees of the ledger as they are now: what is in tiles and what is not yet, as one.

import { buffer } from 'node:stream/consumers';
import { assert } from '../../domain/assert.ts';
import type { Blobs } from '../../storage/ports/blobs.ts';
import { CorruptError } from '../../storage/ports/journal.ts';
import type { LedgerStore, TreeName } from '../../storage/ports/ledger.ts';
import { GrowingTree } from './growing-tree.ts';
import {
  joinLeaves,
  splitHashes,
  splitLeaves,
  TILE_WIDTH,
  type TileAddress,
  tileBlob,
  type TileLevel,
} from './tile-layout.ts';
import { TreeProofs } from './tree-proofs.ts';

export interface LedgerViewOptions {
  readonly store: Pick<LedgerStore, 'tree'>;
  readonly blobs: Pick<Blobs, 'get' | 'name'>;
  readonly ledgerId: string;
}

/** One tree, as it was when this was opened. */
export class TreeView {
  readonly #blobs: LedgerViewOptions['blobs'];
  readonly #ledgerId: string;
  readonly #tree: GrowingTree;
  /** Full tiles that may not be stored yet. */
  readonly #overlay = new Map<string, Uint8Array>();
  /** Leaves in full tiles. */
  readonly #tiled: number;

  private constructor(tree: GrowingTree, { blobs, ledgerId }: LedgerViewOptions) {
    this.#blobs = blobs;
    this.#ledgerId = ledgerId;
    this.#tree = tree;
    for (const { bytes, ...address } of tree.takeFull())
      this.#overlay.set(this.#key(address), bytes);
    this.#tiled = tree.size - tree.tail.length;
  }

  /** Null where there is no such tree. Errors: `store-unavailable`. */
  static async open(name: TreeName, options: LedgerViewOptions): Promise<TreeView | null> {
    const stored = await options.store.tree(name);
    return stored === null ? null : new TreeView(new GrowingTree(stored), options);
  }

  get name(): TreeName {
    return this.#tree.name;
  }
  get first(): number {
    return this.#tree.first;
  }
  get size(): number {
    return this.#tree.size;
  }
  get head(): number {
    return this.#tree.head;
  }
  root(): Uint8Array {
    return this.#tree.root();
  }

  /**
   * Null where the tree has no such tile, or not so wide. Errors: `store-unavailable`; `corrupt`
   * where a tile is missing.
   */
  async tile({ level, index, width }: TileAddress): Promise<Uint8Array | null> {
    const perTile = level === 'entries' ? TILE_WIDTH : TILE_WIDTH ** (level + 1);
    const perHash = perTile / TILE_WIDTH;
    const there = Math.min(TILE_WIDTH, Math.floor(this.size / perHash) - index * TILE_WIDTH);
    if (width < 1 || width > there) return null;
    if (level === 'entries') return joinLeaves(await this.#bundle(index, width));
    return Buffer.concat(await this.#hashes(level, index, width));
  }

  /** At most `limit` leaves from that index. Errors: as `tile`. */
  async leaves(from: number, limit: number): Promise<Uint8Array[]> {
    const end = Math.min(this.size, from + limit);
    const found: Uint8Array[] = [];
    while (from + found.length < end) {
      const at = from + found.length;
      const bundle = await this.#bundle(Math.floor(at / TILE_WIDTH), TILE_WIDTH);
      found.push(...bundle.slice(at % TILE_WIDTH, (at % TILE_WIDTH) + end - at));
    }
    return found;
  }

  proofs(): TreeProofs {
    return new TreeProofs({
      size: this.size,
      read: (level, index, width) => this.#hashes(level, index, width),
    });
  }

  async #bundle(index: number, width: number): Promise<readonly Uint8Array[]> {
    if (index * TILE_WIDTH === this.#tiled) return this.#tree.tail.slice(0, width);
    return splitLeaves(await this.#full('entries', index)).slice(0, width);
  }

  async #hashes(level: number, index: number, width: number): Promise<readonly Uint8Array[]> {
    const full = Math.floor(this.#tiled / TILE_WIDTH ** (level + 1));
    if (index === full) return this.#tree.hashes(level, width);
    return splitHashes(await this.#full(level, index)).slice(0, width);
  }

  async #full(level: TileLevel, index: number): Promise<Uint8Array> {
    const key = this.#key({ level, index });
    const known = this.#overlay.get(key);
    if (known !== undefined) return known;
    const found = await this.#blobs.get(key);
    if (found === null) throw new CorruptError(`${key} is missing in ${this.#blobs.name}`);
    const bytes = await buffer(found.body);
    assert(bytes.length === found.bytes, 'a tile is read whole');
    return bytes;
  }

  #key(address: Omit<TileAddress, 'width'>): string {
    return tileBlob(this.#ledgerId, this.#tree.name, address);
  }
}
