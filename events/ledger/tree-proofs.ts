// Proofs of RFC 6962 from tiles: which nodes prove what, and where their hashes are. A node is the
// root of a perfect subtree, or of the right edge that is left of such ones.

import { assert } from '../../domain/assert.ts';
import { Edge, nodeHash, perfectRoot } from './merkle.ts';
import { TILE_HEIGHT, TILE_WIDTH } from './tile-layout.ts';

/** The first `width` hashes of a tile. They must be there. */
export type ReadHashes = (
  level: number,
  index: number,
  width: number,
) => Promise<readonly Uint8Array[]>;

/** The proofs of one tree, as it is at `size` or before. Tiles that were read are kept. */
export class TreeProofs {
  readonly #read: ReadHashes;
  readonly #size: number;
  readonly #tiles = new Map<string, Promise<readonly Uint8Array[]>>();

  constructor({ read, size }: { readonly read: ReadHashes; readonly size: number }) {
    this.#read = read;
    this.#size = size;
  }

  /** The path of the leaf with this index in the tree as it was at `size`. */
  async inclusion(index: number, size: number): Promise<Uint8Array[]> {
    assert(index >= 0 && index < size && size <= this.#size, 'a leaf of the tree');
    return await this.#path(index, 0, size);
  }

  /** That the tree at `size` begins with the tree at `olderSize`. */
  async consistency(olderSize: number, size: number): Promise<Uint8Array[]> {
    assert(olderSize >= 1 && olderSize <= size && size <= this.#size, 'sizes of the tree');
    return await this.#subProof(olderSize, 0, size, true);
  }

  async edge(size: number): Promise<Edge> {
    assert(size <= this.#size, 'a size of the tree');
    const edge = new Edge();
    for (let left = size; left > 0; ) {
      const height = heightBelow(left);
      edge.add(await this.#perfect(size - left, height), height);
      left -= 2 ** height;
    }
    return edge;
  }

  /** PATH of RFC 6962, section 2.1.1, in the subtree of `count` leaves from `from`. */
  async #path(index: number, from: number, count: number): Promise<Uint8Array[]> {
    if (count === 1) return [];
    const split = splitOf(count);
    if (index < split)
      return [
        ...(await this.#path(index, from, split)),
        await this.#hash(from + split, count - split),
      ];
    return [
      ...(await this.#path(index - split, from + split, count - split)),
      await this.#hash(from, split),
    ];
  }

  /** SUBPROOF of RFC 6962, section 2.1.2. */
  async #subProof(
    older: number,
    from: number,
    count: number,
    isWhole: boolean,
  ): Promise<Uint8Array[]> {
    if (older === count) return isWhole ? [] : [await this.#hash(from, count)];
    const split = splitOf(count);
    if (older <= split)
      return [
        ...(await this.#subProof(older, from, split, isWhole)),
        await this.#hash(from + split, count - split),
      ];
    return [
      ...(await this.#subProof(older - split, from + split, count - split, false)),
      await this.#hash(from, split),
    ];
  }

  /** Of the subtree of `count` leaves from `from`; only the last one is not perfect. */
  async #hash(from: number, count: number): Promise<Uint8Array> {
    const height = heightBelow(count);
    const left = await this.#perfect(from, height);
    const rest = count - 2 ** height;
    return rest === 0 ? left : nodeHash(left, await this.#hash(from + 2 ** height, rest));
  }

  async #perfect(from: number, height: number): Promise<Uint8Array> {
    const level = Math.floor(height / TILE_HEIGHT);
    const first = from / 2 ** (level * TILE_HEIGHT);
    const index = Math.floor(first / TILE_WIDTH);
    const offset = first % TILE_WIDTH;
    const hashes = await this.#tile(level, index);
    return perfectRoot(hashes.slice(offset, offset + 2 ** (height % TILE_HEIGHT)));
  }

  #tile(level: number, index: number): Promise<readonly Uint8Array[]> {
    const key = `${level}/${index}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    const all = Math.floor(this.#size / 2 ** (level * TILE_HEIGHT));
    const tile = this.#read(level, index, Math.min(TILE_WIDTH, all - index * TILE_WIDTH));
    this.#tiles.set(key, tile);
    return tile;
  }
}

/** Of the largest perfect tree within so many leaves. */
function heightBelow(count: number): number {
  return Math.floor(Math.log2(count));
}

/** The largest power of two below `count`, which is at least 2. */
function splitOf(count: number): number {
  const power = 2 ** heightBelow(count);
  return power === count ? power / 2 : power;
}
