// Reads the ledger of a store: trees, leaves, and proofs that lead to the newest checkpoint.

import type { Blobs } from '../../storage/ports/blobs.ts';
import type { LedgerHead, LedgerStore, TreeName } from '../../storage/ports/ledger.ts';
import { HEADS } from './leaves.ts';
import { type LedgerViewOptions, TreeView } from './ledger-view.ts';
import { checkpointSize, withPresentKeys } from './signed-note.ts';

/** Hashes and leaves: base64. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly leaf: string;
  readonly path: readonly string[];
}

/** That a leaf is in its tree, and that tree in `heads`, which the checkpoint has signed. */
export interface LedgerProof {
  readonly checkpoint: string;
  readonly tree: TreeName;
  /** The sequence of the entry, or the id of the action. */
  readonly number: number;
  readonly inclusion: InclusionProof;
  /** Of the leaf in `heads` that has the tree at that size. */
  readonly head: InclusionProof;
}

export interface ConsistencyProof {
  readonly checkpoint: string;
  readonly olderSize: number;
  readonly size: number;
  readonly olderRoot: string;
  readonly path: readonly string[];
}

export class StoredLedger {
  readonly #store: LedgerStore;
  readonly #blobs: LedgerViewOptions['blobs'];

  constructor({ store, blobs }: { store: LedgerStore; blobs: Pick<Blobs, 'get' | 'name'> }) {
    this.#store = store;
    this.#blobs = blobs;
  }

  /** Null before the first checkpoint. Errors: `store-unavailable`. */
  async head(): Promise<LedgerHead | null> {
    const head = await this.#store.head();
    return head === null || head.checkpoint === '' ? null : head;
  }

  /** Null where there is no such tree. Errors: `store-unavailable`. */
  async tree(name: TreeName): Promise<TreeView | null> {
    const head = await this.head();
    if (head === null) return null;
    return await TreeView.open(name, {
      store: this.#store,
      blobs: this.#blobs,
      ledgerId: head.id,
    });
  }

  /** Null where the ledger has no such leaf. Errors: `store-unavailable`; `corrupt`. */
  async prove(name: TreeName, number: number): Promise<LedgerProof | null> {
    const tree = await this.tree(name);
    if (tree === null || number < tree.first || number >= tree.first + tree.size) return null;
    // The checkpoint is read after the tree, so it has the tree at this size.
    const heads = (await this.tree(HEADS))!;
    const head = (await this.head())!;
    const { checkpoint } = withPresentKeys(head.checkpoint, head.keys);
    const size = checkpointSize(checkpoint);
    const grown = heads.size >= size ? heads : (await this.tree(HEADS))!;
    return {
      checkpoint,
      tree: name,
      number,
      inclusion: await inclusionOf(tree, number - tree.first, tree.size),
      head: await inclusionOf(grown, tree.head, size),
    };
  }

  /**
   * That the newest checkpoint continues the one of that size. Null where the ledger never had
   * that many heads. Errors: `store-unavailable`; `corrupt`.
   */
  async consistency(olderSize: number): Promise<ConsistencyProof | null> {
    const head = await this.head();
    const heads = await this.tree(HEADS);
    if (head === null || heads === null) return null;
    const { checkpoint } = withPresentKeys(head.checkpoint, head.keys);
    const size = checkpointSize(checkpoint);
    if (olderSize < 1 || olderSize > size) return null;
    const proofs = heads.proofs();
    const path = await proofs.consistency(olderSize, size);
    const olderRoot = (await proofs.edge(olderSize)).root();
    return { checkpoint, olderSize, size, olderRoot: base64(olderRoot), path: path.map(base64) };
  }
}

async function inclusionOf(tree: TreeView, index: number, size: number): Promise<InclusionProof> {
  const [leaf] = await tree.leaves(index, 1);
  const path = await tree.proofs().inclusion(index, size);
  return { index, size, leaf: base64(leaf!), path: path.map(base64) };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
