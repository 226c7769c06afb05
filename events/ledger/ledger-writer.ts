// Brings the ledger up to date (L1): new leaves for what journals and audit log have gained, a
// leaf in `heads` for each tree that has grown, a signed checkpoint, then full tiles.
//
// One commit stores all of it, compared with the version that it goes on from; tiles are written
// only after that, from what was committed, and never change. So whoever dies anywhere, or writes
// beside another one, loses and doubles nothing: a commit is there whole or not at all, and full
// tiles that are not written are still in the state.

import { buffer } from 'node:stream/consumers';
import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import type { AuditEntry } from '../../contracts/audit.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import type { Blobs, SmallBlob } from '../../storage/ports/blobs.ts';
import {
  CorruptError,
  EntriesTrimmedError,
  type JournalReader,
} from '../../storage/ports/journal.ts';
import type { LedgerHead, LedgerStore, TreeName, TreeSummary } from '../../storage/ports/ledger.ts';
import { GrowingTree } from './growing-tree.ts';
import {
  actionLeaf,
  entryLeaf,
  EntrySalts,
  headLeaf,
  HEADS,
  AUDIT,
  peopleOf,
  saltOfPeople,
  shardTree,
} from './leaves.ts';
import { newLedger } from './new-ledger.ts';
import { originOf, signCheckpoint } from './signed-note.ts';
import { tileBlob } from './tile-layout.ts';

/** Of one tree in one commit. */
const LEAVES_MAX = 1_024;
/** Entries read at a time; and their bytes in one commit, of one tree. */
const READ_ENTRIES = 128;
const READ_BYTES_MAX = 8 << 20;
/** The codes of errors by which a tree's leaves cannot be read, now or ever. */
const UNREADABLE = ['corrupt', 'position-trimmed'];

/** What the ledger reads of the audit log. */
export type LedgerAuditLog = Pick<AuditLog, 'readFrom' | 'newest'>;

export interface LedgerWriterOptions {
  /** With the archive. */
  readonly journal: JournalReader;
  readonly auditLog: LedgerAuditLog;
  readonly store: LedgerStore;
  readonly blobs: Pick<Blobs, 'putSmall' | 'get'>;
  readonly shardCount: number;
  /** Awaited between two pieces of work (`Pace.giveWay`). Default: nothing. */
  readonly giveWay?: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LedgerPass {
  /** Leaves that are missing still. */
  readonly behind: number;
  /** Of `heads`. */
  readonly size: number;
}

export class LedgerWriter {
  readonly #options: LedgerWriterOptions;
  readonly #giveWay: () => Promise<void>;
  /** As they were committed in `#version`. */
  readonly #trees = new Map<TreeName, GrowingTree>();
  #summaries = new Map<TreeName, TreeSummary>();
  #version = -1;
  #ledgerId = '';
  #salts: EntrySalts | null = null;
  readonly #faults = new Map<TreeName, string>();

  constructor(options: LedgerWriterOptions) {
    this.#options = options;
    this.#giveWay = options.giveWay ?? (() => Promise.resolve());
  }

  /** Why trees do not grow, a sentence for each. */
  get faults(): readonly string[] {
    return [...this.#faults.values()];
  }

  /** Errors: `store-unavailable`; `corrupt` where stored tiles are others than those to be. */
  async pass(): Promise<LedgerPass> {
    try {
      return await this.#pass();
    } catch (error) {
      this.#forget();
      throw error;
    }
  }

  async #pass(): Promise<LedgerPass> {
    const { store, clock } = this.#options;
    const head = (await store.head()) ?? (await store.begin(newLedger(clock.now())));
    if (head.version !== this.#version) await this.#load(head);
    const grown: GrowingTree[] = [];
    let behind = 0;
    for (const source of this.#sources()) {
      const { tree, missing } = await this.#grow(source);
      if (tree !== null) grown.push(tree);
      behind += missing;
    }
    const heads = await this.#tree(HEADS, 0);
    if (grown.length === 0) return { behind, size: heads.size };
    if (!(await this.#commit(head, heads, grown))) {
      this.#forget();
      return { behind: behind + 1, size: heads.size };
    }
    for (const tree of [...grown, heads]) await this.#writeTiles(tree);
    return { behind, size: heads.size };
  }

  async #load(head: LedgerHead): Promise<void> {
    this.#forget();
    const summaries = await this.#options.store.trees();
    this.#summaries = new Map(summaries.map((summary) => [summary.name, summary]));
    this.#salts = new EntrySalts(head.secret);
    this.#ledgerId = head.id;
    this.#version = head.version;
  }

  #forget(): void {
    this.#trees.clear();
    this.#version = -1;
  }

  #sources(): Source[] {
    const { journal, auditLog, store, shardCount } = this.#options;
    const salts = this.#salts!;
    const shards = Array.from({ length: shardCount }, (_, shard) =>
      shardSource(shard, journal, salts),
    );
    return [...shards, auditSource(auditLog, store)];
  }

  /** `tree`: null where there is nothing new. */
  async #grow(source: Source): Promise<{ tree: GrowingTree | null; missing: number }> {
    const { name } = source;
    const known = this.#summaries.get(name);
    const last = await source.last();
    const after = known === undefined ? null : known.first + known.size - 1;
    if (last === (after ?? 0)) {
      this.#faults.delete(name);
      return { tree: null, missing: 0 };
    }
    if (after !== null && last < after) {
      this.#fault(name, `${name} ends at ${last}, and the ledger has it up to ${after}`);
      return { tree: null, missing: 0 };
    }
    const begin = after ?? (await source.first()) - 1;
    const tree = await this.#tree(name, begin + 1);
    const leaves = await this.#leaves(source, begin);
    if (leaves === null) return { tree: null, missing: 0 };
    this.#faults.delete(name);
    for (const leaf of leaves) tree.append(leaf);
    const missing = last - begin - leaves.length;
    return { tree: leaves.length === 0 ? null : tree, missing: Math.max(0, missing) };
  }

  /** Null where they cannot be read any more. */
  async #leaves(source: Source, after: number): Promise<Uint8Array[] | null> {
    const leaves: Uint8Array[] = [];
    let bytes = 0;
    try {
      while (leaves.length < LEAVES_MAX && bytes < READ_BYTES_MAX) {
        await this.#giveWay();
        const more = await source.read(after + leaves.length, READ_ENTRIES);
        leaves.push(...more.leaves);
        bytes += more.bytes;
        if (more.leaves.length < READ_ENTRIES) break;
      }
    } catch (error) {
      if (!UNREADABLE.includes((error as { code?: string }).code ?? '')) throw error;
      this.#fault(source.name, (error as Error).message);
      return null;
    }
    return leaves;
  }

  async #tree(name: TreeName, first: number): Promise<GrowingTree> {
    const known = this.#trees.get(name);
    if (known !== undefined) return known;
    const stored = await this.#options.store.tree(name);
    const tree = stored === null ? GrowingTree.empty(name, first) : new GrowingTree(stored);
    // Tiles that could not be written hold the tree up, so what waits for them is bounded.
    await this.#writeTiles(tree);
    this.#trees.set(name, tree);
    return tree;
  }

  async #commit(head: LedgerHead, heads: GrowingTree, grown: GrowingTree[]): Promise<boolean> {
    const { store, clock } = this.#options;
    const signedAt = clock.now();
    for (const tree of grown) {
      tree.head = heads.size;
      const { name, size } = tree;
      heads.append(headLeaf({ time: signedAt, tree: name, size, root: tree.root() }));
    }
    const signed = { origin: originOf(head.id), size: heads.size, root: heads.root() };
    const checkpoint = signCheckpoint(signed, head.keys);
    const trees = [...grown, heads].map((tree) => tree.stored());
    if (!(await store.commit(head.version, { checkpoint, signedAt, trees }))) return false;
    this.#version = head.version + 1;
    for (const { name, first, size, head: at } of trees)
      this.#summaries.set(name, { name, first, size, head: at });
    return true;
  }

  /** A process that died may have written some of them: the same bytes. */
  async #writeTiles(tree: GrowingTree): Promise<void> {
    const tiles = tree.takeFull().map(({ bytes, ...address }) => {
      return { key: tileBlob(this.#ledgerId, tree.name, address), bytes };
    });
    if (tiles.length === 0) return;
    await this.#giveWay();
    for (const key of await this.#options.blobs.putSmall(tiles))
      await this.#compare(tiles.find((tile) => tile.key === key)!);
  }

  async #compare({ key, bytes }: SmallBlob): Promise<void> {
    const found = await this.#options.blobs.get(key);
    if (found !== null && (await buffer(found.body)).equals(bytes)) return;
    throw new CorruptError(`${key} is there with other bytes: the store is of another history`);
  }

  #fault(name: TreeName, message: string): void {
    if (this.#faults.get(name) !== message)
      this.#options.log.error({ tree: name }, `the ledger cannot go on: ${message}`);
    this.#faults.set(name, message);
  }
}

/** Where a tree's leaves come from. Their numbers rise by one. */
interface Source {
  readonly name: TreeName;
  /** The number of the first that can still be read. */
  first(): Promise<number>;
  /** 0 for none. */
  last(): Promise<number>;
  read(after: number, limit: number): Promise<{ leaves: Uint8Array[]; bytes: number }>;
}

function shardSource(shard: number, journal: JournalReader, salts: EntrySalts): Source {
  return {
    name: shardTree(shard),
    async first() {
      const removed = await journal.removed(shard);
      try {
        await journal.read(shard, removed, 1);
        return removed + 1;
      } catch (error) {
        if (!(error instanceof EntriesTrimmedError)) throw error;
        return (await journal.trimmed(shard)) + 1;
      }
    },
    last: async () => (await journal.head(shard)).lastSequence,
    async read(after, limit) {
      const entries = await journal.read(shard, after, limit);
      const leaves = entries.map(({ sequence, bytes }) =>
        entryLeaf(salts.salt(shard, sequence), sequence, bytes),
      );
      return { leaves, bytes: entries.reduce((sum, { bytes }) => sum + bytes.length, 0) };
    },
  };
}

function auditSource(log: LedgerAuditLog, store: LedgerStore): Source {
  const leafOf = async (action: AuditEntry) =>
    actionLeaf(saltOfPeople(await store.salts(peopleOf(action))), action);
  return {
    name: AUDIT,
    first: async () => (await log.readFrom(1, 1))[0]?.sequence ?? 1,
    last: () => log.newest(),
    async read(after, limit) {
      const actions = await log.readFrom(after + 1, limit);
      const leaves: Uint8Array[] = [];
      for (const [i, action] of actions.entries()) {
        if (action.sequence !== after + 1 + i)
          throw new CorruptError(`the audit log has no entry ${after + 1 + i}`);
        leaves.push(await leafOf(action));
      }
      return { leaves, bytes: leaves.reduce((sum, { length }) => sum + length, 0) };
    },
  };
}
