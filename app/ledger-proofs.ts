// Proofs that an order is in the ledger (L1), for its buyer and for operators.

import type { CommandRouter } from '../actors/command-router.ts';
import type { LedgerProof } from '../contracts/ledger.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { parseOrderId, shardOf } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import { findOrderEntry } from '../events/ledger/find-order-entry.ts';
import { shardTree } from '../events/ledger/leaves.ts';
import type { StoredLedger } from '../events/ledger/stored-ledger.ts';
import type { JournalReader } from '../storage/ports/journal.ts';

export const NO_LEDGER = refusal('not-found', 'There is no ledger, or nothing is signed yet.');
const NOT_YET = refusal('not-found', 'It is not in the ledger, or not yet: try again in a second.');

export interface LedgerProofsOptions {
  /** Null: there is none. */
  readonly storedLedger: StoredLedger | null;
  /** With the archive. */
  readonly journal: JournalReader;
  readonly router: CommandRouter;
  readonly shardCount: number;
}

export class LedgerProofs {
  readonly #options: LedgerProofsOptions;

  constructor(options: LedgerProofsOptions) {
    this.#options = options;
  }

  /** Of the entry that has the order of that buyer. Refuses `not-found`. */
  async ofOrder(orderId: string, userId: string): Promise<Outcome<LedgerProof>> {
    const { router, journal, shardCount } = this.#options;
    const dropId = parseOrderId(orderId)?.dropId;
    if (dropId === undefined) return refusal('not-found');
    const order = await router.send({ type: 'get-order', dropId, orderId, userId });
    if (!order.ok) return order;
    const shard = shardOf(dropId, shardCount);
    const { createdAt } = order.value;
    const sequence = await findOrderEntry(journal, { shard, dropId, userId, createdAt });
    return sequence === null ? NOT_YET : await this.of(shardTree(shard), sequence);
  }

  async of(tree: string, number: number): Promise<Outcome<LedgerProof>> {
    const { storedLedger } = this.#options;
    if (storedLedger === null) return NO_LEDGER;
    const proof = await storedLedger.prove(tree, number);
    return proof === null ? NOT_YET : success(proof);
  }
}
