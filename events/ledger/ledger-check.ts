// Compares the ledger with what it was made from: every leaf with the entry or action that it is
// of, and every tree with the root that `heads` and the checkpoint have of it. It reads all of it,
// and keeps the right edge of one tree at a time.

import type { JournalReader } from '../../storage/ports/journal.ts';
import type { LedgerStore, TreeName } from '../../storage/ports/ledger.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import {
  actionLeaf,
  entryLeaf,
  EntrySalts,
  HEADS,
  AUDIT,
  peopleOf,
  readHeadLeaf,
  saltOfPeople,
  shardOf,
} from './leaves.ts';
import type { TreeView } from './ledger-view.ts';
import { Edge, leafHash } from './merkle.ts';
import type { StoredLedger } from './stored-ledger.ts';

const READ_LEAVES = 256;
const FINDINGS_MAX = 100;

export interface LedgerCheck {
  readonly leaves: number;
  /** Leaves of actions whose commitments nobody can open any more: an account was deleted. */
  readonly erased: number;
  /** Leaves of entries and actions that the retention of archive and audit log has removed. */
  readonly removed: number;
  /** A sentence for each thing that does not agree. */
  readonly findings: readonly string[];
}

export interface LedgerCheckOptions {
  readonly ledger: StoredLedger;
  readonly store: LedgerStore;
  /** With the archive. */
  readonly journal: JournalReader;
  readonly auditLog: Pick<AuditLog, 'readFrom'>;
}

/** A leaf as it is to be, or why that cannot be told any more. */
type ExpectedLeaf = Uint8Array | 'erased' | 'removed';
/** The leaves from a number on. */
type Expected = (from: number, count: number) => Promise<readonly ExpectedLeaf[]>;

/** Errors: `store-unavailable`; `corrupt` where a tile is missing. */
export async function checkLedger(options: LedgerCheckOptions): Promise<LedgerCheck> {
  const { ledger, store } = options;
  const head = await ledger.head();
  const result = { leaves: 0, erased: 0, removed: 0, findings: [] as string[] };
  if (head === null) return result;
  const find = (text: string) => {
    if (result.findings.length < FINDINGS_MAX) result.findings.push(text);
  };
  const salts = new EntrySalts(head.secret);
  // Other trees grow no further in `heads` than they are now.
  const heads = (await ledger.tree(HEADS))!;
  for (const { name } of await store.trees()) {
    const tree = (await ledger.tree(name))!;
    result.leaves += tree.size;
    const shard = shardOf(name);
    const expected =
      shard !== null
        ? expectedEntries(shard, options, salts)
        : name === AUDIT
          ? expectedActions(options)
          : null;
    const { erased, removed } = await checkTree(tree, expected, find);
    result.erased += erased;
    result.removed += removed;
  }
  await checkHeads(heads, options, find);
  return result;
}

async function checkTree(
  tree: TreeView,
  expected: Expected | null,
  find: (text: string) => void,
): Promise<Pick<LedgerCheck, 'erased' | 'removed'>> {
  const edge = new Edge();
  const untold = { erased: 0, removed: 0 };
  for (let at = 0; at < tree.size; at += READ_LEAVES) {
    const leaves = await tree.leaves(at, READ_LEAVES);
    for (const leaf of leaves) edge.add(leafHash(leaf));
    if (expected === null) continue;
    const those = await expected(tree.first + at, leaves.length);
    for (const [i, leaf] of leaves.entries()) {
      const other = those[i];
      if (other === 'erased' || other === 'removed') untold[other] += 1;
      else if (other === undefined)
        find(`${tree.name}: ${tree.first + at + i} is not there any more`);
      else if (!Buffer.from(other).equals(leaf))
        find(`${tree.name}: ${tree.first + at + i} is not what the ledger has of it`);
    }
  }
  if (!Buffer.from(edge.root()).equals(tree.root()))
    find(`${tree.name}: its leaves do not make the root that is stored`);
  return untold;
}

function expectedEntries(
  shard: number,
  { journal }: LedgerCheckOptions,
  salts: EntrySalts,
): Expected {
  return async (from, count) => {
    const removed = await journal.removed(shard);
    const skipped = Math.max(0, Math.min(count, removed - from + 1));
    const leaves: ExpectedLeaf[] = new Array<'removed'>(skipped).fill('removed');
    while (leaves.length < count) {
      const after = from + leaves.length - 1;
      const entries = await journal.read(shard, after, count - leaves.length);
      if (entries.length === 0) break;
      for (const { sequence, bytes } of entries)
        leaves.push(entryLeaf(salts.salt(shard, sequence), sequence, bytes));
    }
    return leaves;
  };
}

function expectedActions({ auditLog, store }: LedgerCheckOptions): Expected {
  return async (from, count) => {
    const actions = await auditLog.readFrom(from, count);
    // The log is trimmed at its beginning.
    const removed = Math.min(count, (actions[0]?.sequence ?? from) - from);
    const leaves: ExpectedLeaf[] = new Array<'removed'>(removed).fill('removed');
    for (const action of actions.slice(0, count - removed)) {
      const salts = await store.presentSalts(peopleOf(action));
      const isErased = salts.includes(null);
      leaves.push(isErased ? 'erased' : actionLeaf(saltOfPeople(salts as string[]), action));
    }
    return leaves;
  };
}

/** The newest root that `heads` has of each tree is that of the tree as it was then. */
async function checkHeads(
  heads: TreeView,
  { ledger }: LedgerCheckOptions,
  find: (text: string) => void,
): Promise<void> {
  const newest = new Map<TreeName, { size: number; root: Uint8Array }>();
  for (let at = 0; at < heads.size; at += READ_LEAVES) {
    for (const leaf of await heads.leaves(at, READ_LEAVES)) {
      const { tree, size, root } = readHeadLeaf(leaf);
      newest.set(tree, { size, root });
    }
  }
  for (const [name, { size, root }] of newest) {
    const tree = await ledger.tree(name);
    const edge = tree === null || tree.size < size ? null : await tree.proofs().edge(size);
    if (edge === null || !Buffer.from(edge.root()).equals(root))
      find(`${name}: heads has another root of its first ${size} leaves`);
  }
}
