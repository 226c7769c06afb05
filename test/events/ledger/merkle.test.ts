// The trees against the known vectors of RFC 6962 (those of the Certificate Transparency project),
// and against the definition of the RFC written out plainly.

import test, { type ExecutionContext } from 'ava';
import { GrowingTree } from '../../../events/ledger/growing-tree.ts';
import {
  Edge,
  leafHash,
  nodeHash,
  rootOfInclusion,
  rootsOfConsistency,
  sha256,
} from '../../../events/ledger/merkle.ts';
import { parseTilePath, splitHashes, tilePath } from '../../../events/ledger/tile-layout.ts';
import { TreeProofs } from '../../../events/ledger/tree-proofs.ts';

const LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const INCLUSION: readonly { index: number; size: number; path: readonly string[] }[] = [
  { index: 0, size: 1, path: [] },
  {
    index: 0,
    size: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    index: 5,
    size: 8,
    path: [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  {
    index: 2,
    size: 3,
    path: ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  },
  {
    index: 1,
    size: 5,
    path: [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  },
];
const CONSISTENCY: readonly { olderSize: number; size: number; path: readonly string[] }[] = [
  { olderSize: 1, size: 1, path: [] },
  {
    olderSize: 1,
    size: 8,
    path: [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  },
  {
    olderSize: 6,
    size: 8,
    path: [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  },
  {
    olderSize: 2,
    size: 5,
    path: [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  },
];

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** MTH of RFC 6962, section 2.1. */
function plainRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return sha256(Buffer.alloc(0));
  if (leaves.length === 1) return leafHash(leaves[0]!);
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return nodeHash(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)));
}

/** The proofs of a tree of these leaves, from its tiles. */
function proofsOf(leaves: readonly Uint8Array[]): TreeProofs {
  const tree = GrowingTree.empty('shard-0', 1);
  for (const leaf of leaves) tree.append(leaf);
  const full = new Map(
    tree.takeFull().map(({ level, index, bytes }) => [`${level}/${index}`, splitHashes(bytes)]),
  );
  const read = async (level: number, index: number, width: number) =>
    full.get(`${level}/${index}`)?.slice(0, width) ?? tree.hashes(level, width);
  return new TreeProofs({ size: leaves.length, read });
}

const vectors = LEAVES.map((leaf) => Buffer.from(leaf, 'hex'));

test('L1: roots are those of the vectors of RFC 6962', (t) => {
  const edge = new Edge();
  for (const [size, root] of ROOTS.entries()) {
    t.is(edge.size, size);
    t.is(hex(edge.root()), root);
    if (size < vectors.length) edge.add(leafHash(vectors[size]!));
  }
});

test('L1: inclusion proofs are those of the vectors of RFC 6962', async (t) => {
  for (const { index, size, path } of INCLUSION) {
    const found = await proofsOf(vectors).inclusion(index, size);
    t.deepEqual(found.map(hex), path);
    const root = rootOfInclusion(vectors[index]!, { index, size, path: found });
    t.is(hex(root!), ROOTS[size]!);
  }
});

test('L1: consistency proofs are those of the vectors of RFC 6962', async (t) => {
  for (const { olderSize, size, path } of CONSISTENCY) {
    const found = await proofsOf(vectors).consistency(olderSize, size);
    t.deepEqual(found.map(hex), path);
    const older = Buffer.from(ROOTS[olderSize]!, 'hex');
    const roots = rootsOfConsistency(older, { olderSize, size, path: found });
    t.is(hex(roots!.older), ROOTS[olderSize]!);
    t.is(hex(roots!.newer), ROOTS[size]!);
  }
});

async function checkTree(t: ExecutionContext, leaves: readonly Uint8Array[], at: number) {
  const size = leaves.length;
  const root = hex(plainRoot(leaves));
  const proofs = proofsOf(leaves);
  t.is(hex((await proofs.edge(size)).root()), root);
  const index = at % size;
  const path = await proofs.inclusion(index, size);
  t.is(hex(rootOfInclusion(leaves[index]!, { index, size, path })!), root);
  const other = rootOfInclusion(Buffer.from('another'), { index, size, path });
  t.not(other === null ? '' : hex(other), root);
  const olderSize = index + 1;
  const older = plainRoot(leaves.slice(0, olderSize));
  const between = await proofs.consistency(olderSize, size);
  const roots = rootsOfConsistency(older, { olderSize, size, path: between })!;
  t.deepEqual([hex(roots.older), hex(roots.newer)], [hex(older), root]);
  const cut = rootsOfConsistency(older, { olderSize, size, path: between.slice(1) });
  if (between.length > 0) t.false(cut !== null && hex(cut.newer) === root);
}

test('L1: trees of up to 700 leaves have the roots and proofs of a plain tree', async (t) => {
  const leaves = Array.from({ length: 700 }, (_, i) => Buffer.from(`leaf ${i}`));
  for (let size = 1; size <= 24; size++)
    for (let at = 0; at < size; at++) await checkTree(t, leaves.slice(0, size), at);
  for (const size of [63, 64, 255, 256, 257, 511, 512, 513, 640, 699, 700])
    for (let at = 0; at < size; at += 37) await checkTree(t, leaves.slice(0, size), at);
});

test('L1: a tree goes on from what is stored of it, in tiles or not', (t) => {
  const seed = 70_000;
  const tree = GrowingTree.empty('shard-3', 5);
  let restored = GrowingTree.empty('shard-3', 5);
  for (let i = 0; i < seed; i++) {
    const leaf = Buffer.from(`leaf ${i}`);
    tree.append(leaf);
    restored.append(leaf);
    if (i % 997 === 0) restored.takeFull();
    if (i % 4_999 === 0) restored = new GrowingTree(restored.stored());
  }
  t.is(restored.size, seed);
  t.is(hex(restored.root()), hex(tree.root()));
  const again = new GrowingTree(restored.stored());
  t.is(again.takeFull().length, restored.takeFull().length);
  tree.takeFull();
  t.deepEqual(again.stored(), tree.stored());
});

test('L1: paths of tiles are those of tlog-tiles', (t) => {
  const paths = {
    'tile/0/000': { level: 0, index: 0, width: 256 },
    'tile/0/x001/x234/067': { level: 0, index: 1_234_067, width: 256 },
    'tile/1/x001/000.p/17': { level: 1, index: 1_000, width: 17 },
    'tile/entries/999.p/1': { level: 'entries', index: 999, width: 1 },
  } as const;
  for (const [path, address] of Object.entries(paths)) {
    t.is(tilePath(address), path);
    t.deepEqual(parseTilePath(path), address);
  }
  for (const path of [
    'tile/64/000',
    'tile/0/x000/001',
    'tile/0/1',
    'tile/0/000.p/256',
    'tile/-1/000',
  ])
    t.is(parseTilePath(path), null, path);
});
