// The layout of a tree in tiles (C2SP, tlog-tiles): a tile of level L has up to 256 consecutive
// hashes, each of a perfect subtree of 256^L leaves; a bundle has the leaves under a tile of level
// 0. Full ones never change.

import type { TreeName } from '../../storage/ports/ledger.ts';
import { HASH_BYTES } from './merkle.ts';

/** The height of a tile in levels of the tree, and its hashes. */
export const TILE_HEIGHT = 8;
export const TILE_WIDTH = 2 ** TILE_HEIGHT;

/** A level of hashes, or the leaves themselves. */
export type TileLevel = number | 'entries';

export interface TileAddress {
  readonly level: TileLevel;
  readonly index: number;
  /** 1 to 256: fewer than 256 at the right edge. */
  readonly width: number;
}

const PATH = /^tile\/(entries|\d|[1-5]\d|6[0-3])((?:\/x\d{3}){0,4}\/\d{3})(?:\.p\/(\d{1,3}))?$/;

/** Null where the path is none of a tile. */
export function parseTilePath(path: string): TileAddress | null {
  const match = PATH.exec(path);
  if (match === null) return null;
  const [, level = '', groups = '', width = String(TILE_WIDTH)] = match;
  const address: TileAddress = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups.replaceAll(/[/x]/g, '')),
    width: Number(width),
  };
  return tilePath(address) === path ? address : null;
}

/** `tile/0/x001/234`, or `tile/0/x001/234.p/17` where the tile has 17 hashes. */
export function tilePath({ level, index, width }: TileAddress): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g)!;
  const number = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${number}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/** The key of a full tile in the blob store; its names are flat, and sort by index. */
export function tileBlob(
  ledgerId: string,
  tree: TreeName,
  { level, index }: Omit<TileAddress, 'width'>,
): string {
  return `ledger/${ledgerId}/${tree}/${level}-${String(index).padStart(12, '0')}`;
}

export function splitHashes(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, i) =>
    bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  );
}

/** Leaves as bundles have them: before each its length, two bytes, the high one first. */
export function joinLeaves(leaves: readonly Uint8Array[]): Buffer {
  const joined = Buffer.alloc(leaves.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = 0;
  for (const leaf of leaves) {
    at = joined.writeUInt16BE(leaf.length, at);
    joined.set(leaf, at);
    at += leaf.length;
  }
  return joined;
}

/** The parts have the memory of `bytes`. */
export function splitLeaves(bytes: Uint8Array): Uint8Array[] {
  const leaves: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    leaves.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return leaves;
}
