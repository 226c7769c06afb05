// What operators do with the ledger (L1): see it, take its parts and proofs, rotate its keys.

import type { ActionParams } from '../../contracts/actions.ts';
import type {
  LedgerConsistency,
  LedgerEdge,
  LedgerKeyRow,
  LedgerLeaves,
  LedgerProof,
  LedgerStatus,
} from '../../contracts/ledger.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { AUDIT, shardTree } from '../../events/ledger/leaves.ts';
import {
  checkpointSize,
  newLedgerKey,
  originOf,
  withPresentKeys,
} from '../../events/ledger/signed-note.ts';
import { parseTilePath } from '../../events/ledger/tile-layout.ts';
import {
  type LedgerHead,
  type LedgerKey,
  LEDGER_KEYS_MAX,
  type VerifiedLedgerStore,
} from '../../storage/ports/ledger.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { LedgerProofs, type LedgerProofsOptions, NO_LEDGER } from '../ledger-proofs.ts';
import { ActionRecord, type ActionRecordOptions, type ChangeRequest } from './action-record.ts';

/** Of a change of the keys, where others change them meanwhile. */
const ATTEMPTS_MAX = 4;
const KEYS_CHANGED = refusal('unavailable', 'Others change the keys at the same time: try again.');

export interface OperatorLedgerOptions extends ActionRecordOptions, LedgerProofsOptions {
  readonly ledgerStore: VerifiedLedgerStore;
}

export class OperatorLedger {
  readonly #options: OperatorLedgerOptions;
  readonly #proofs: LedgerProofs;
  readonly #record: ActionRecord;

  constructor(options: OperatorLedgerOptions) {
    this.#options = options;
    this.#proofs = new LedgerProofs(options);
    this.#record = new ActionRecord(options);
  }

  async status({ caller }: ActionParams<'operator.getLedger'>): Promise<Outcome<LedgerStatus>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const head = (await this.#options.storedLedger?.head()) ?? null;
    if (head === null) return NO_LEDGER;
    const { checkpoint } = withPresentKeys(head.checkpoint, head.keys);
    const trees = await this.#options.ledgerStore.trees();
    return success({
      origin: originOf(head.id),
      size: checkpointSize(checkpoint),
      signedAt: head.signedAt,
      checkpoint,
      keys: keyRows(head),
      trees: trees.map(({ name, first, size }) => ({ name, first, size })),
      behind: await this.#behind(new Map(trees.map((tree) => [tree.name, tree]))),
      verified: await this.#options.ledgerStore.verification(),
    });
  }

  /** Null where the tree has no such tile. Refuses `invalid-request` for what is no path. */
  async tile({
    caller,
    tree,
    path,
  }: ActionParams<'operator.getLedgerTile'>): Promise<Outcome<Uint8Array>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const address = parseTilePath(path);
    if (address === null) return refusal('invalid-request', 'It is no path of a tile.');
    const view = (await this.#options.storedLedger?.tree(tree)) ?? null;
    if (view === null) return NO_LEDGER;
    const found = await view.tile(address);
    return found === null ? refusal('not-found', 'The tree has no such tile.') : success(found);
  }

  async leaves({
    caller,
    tree,
    from,
    limit,
  }: ActionParams<'operator.getLedgerLeaves'>): Promise<Outcome<LedgerLeaves>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const view = (await this.#options.storedLedger?.tree(tree)) ?? null;
    if (view === null) return NO_LEDGER;
    return success({ leaves: (await view.leaves(from, limit)).map(base64) });
  }

  async edge({
    caller,
    tree,
    size,
  }: ActionParams<'operator.getLedgerEdge'>): Promise<Outcome<LedgerEdge>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const view = (await this.#options.storedLedger?.tree(tree)) ?? null;
    if (view === null) return NO_LEDGER;
    if (size > view.size) return refusal('not-found', `The tree has ${view.size} leaves.`);
    const { peaks } = await view.proofs().edge(size);
    return success({ hashes: peaks.map(({ hash }) => base64(hash)) });
  }

  /** By tree and number, or by order and buyer. */
  async prove({
    caller,
    tree,
    number,
    order,
    buyer,
  }: ActionParams<'operator.proveLedger'>): Promise<Outcome<LedgerProof>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    if (order !== undefined && buyer !== undefined) return await this.#proofs.ofOrder(order, buyer);
    if (tree !== undefined && number !== undefined) return await this.#proofs.of(tree, number);
    return refusal('invalid-request', 'Either tree and number, or order and buyer.');
  }

  async consistency({
    caller,
    from,
  }: ActionParams<'operator.proveLedgerConsistency'>): Promise<Outcome<LedgerConsistency>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const proof = (await this.#options.storedLedger?.consistency(from)) ?? null;
    return proof === null
      ? refusal('not-found', 'The ledger was never of that size.')
      : success(proof);
  }

  /** What the operator's command found, which reads the stores by itself. */
  async noteCheck({
    caller,
    check,
  }: ActionParams<'operator.noteLedgerCheck'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const { ledgerStore, now } = this.#options;
    const { leaves, findings } = check;
    const request = {
      operatorId: caller.userId,
      action: 'verify-ledger',
      params: { leaves, findings: findings.length },
    };
    const isGood = findings.length === 0;
    const result = isGood ? 'All of it agrees.' : `Does not agree: ${findings[0]}`;
    await this.#record.record(request, result, isGood ? 'done' : 'failed');
    await ledgerStore.noteVerification({ ...check, at: now(), by: caller.userId });
    return success(null);
  }

  /** The keys as they are then. Where the present key is another than `after`, none is made. */
  async rotateKey({
    caller,
    after,
  }: ActionParams<'operator.rotateLedgerKey'>): Promise<Outcome<readonly LedgerKeyRow[]>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const { ledgerStore, now } = this.#options;
    const request = { operatorId: caller.userId, action: 'rotate-ledger-key', params: { after } };
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const head = await ledgerStore.head();
      if (head === null) return NO_LEDGER;
      if (!head.keys.some(({ keyId }) => keyId === after)) return refusal('not-found');
      if (head.keys[0]!.keyId !== after) return success(keyRows(head));
      if (head.keys.length >= LEDGER_KEYS_MAX) {
        const detail = `There are ${LEDGER_KEYS_MAX} keys: remove an old one first.`;
        return await this.#record.refuse(request, refusal('too-many', detail));
      }
      const key = newLedgerKey(originOf(head.id), now());
      await this.#record.record(request, `${key.keyId} signs from now on, beside those before it.`);
      if (await this.#replaceKeys(request, [key, ...head.keys], head))
        return success(keyRows((await ledgerStore.head())!));
    }
    return await this.#record.refuse(request, KEYS_CHANGED);
  }

  /** It signs no more. */
  async removeKey({
    caller,
    keyId,
  }: ActionParams<'operator.removeLedgerKey'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const { ledgerStore } = this.#options;
    const request = { operatorId: caller.userId, action: 'remove-ledger-key', params: { keyId } };
    for (let attempts = 0; attempts < ATTEMPTS_MAX; attempts++) {
      const head = await ledgerStore.head();
      if (!head?.keys.some((key) => key.keyId === keyId)) return refusal('not-found');
      if (head.keys[0]!.keyId === keyId) {
        const detail = 'Checkpoints are signed with this key: rotate first.';
        return await this.#record.refuse(request, refusal('invalid-request', detail));
      }
      await this.#record.record(request, 'It signs no more.');
      const left = head.keys.filter((key) => key.keyId !== keyId);
      if (await this.#replaceKeys(request, left, head)) return success(null);
    }
    return await this.#record.refuse(request, KEYS_CHANGED);
  }

  /** False: they are others by now, and nothing changed. */
  async #replaceKeys(
    request: ChangeRequest,
    keys: readonly LedgerKey[],
    { keys: present }: LedgerHead,
  ): Promise<boolean> {
    const ids = present.map(({ keyId }) => keyId);
    return await this.#record.recordFault(request, () =>
      this.#options.ledgerStore.replaceKeys(keys, ids),
    );
  }

  /** What is in journals and audit log, and in no tree. */
  async #behind(
    trees: ReadonlyMap<string, { readonly first: number; readonly size: number }>,
  ): Promise<number> {
    const { journal, log, shardCount } = this.#options;
    const missing = (name: string, last: number) => {
      const tree = trees.get(name);
      return Math.max(0, tree === undefined ? last : last - (tree.first + tree.size - 1));
    };
    let behind = missing(AUDIT, await log.newest());
    const shards = Array.from({ length: shardCount }, (_, shard) => shard);
    const heads = await Promise.all(shards.map((shard) => journal.head(shard)));
    for (const shard of shards) behind += missing(shardTree(shard), heads[shard]!.lastSequence);
    return behind;
  }
}

function keyRows({ keys }: LedgerHead): LedgerKeyRow[] {
  return keys.map(({ keyId, verifierKey, createdAt }, index) => {
    return { keyId, verifierKey, createdAt, isPresent: index === 0 };
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
