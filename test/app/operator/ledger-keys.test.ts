// Operators who change the keys of the ledger at the same time.

import test, { type ExecutionContext } from 'ava';
import { OperatorLedger } from '../../../app/operator/ledger.ts';
import { newLedger } from '../../../events/ledger/new-ledger.ts';
import { newLedgerKey, originOf } from '../../../events/ledger/signed-note.ts';
import { MemoryLedgerStore } from '../../../storage/memory/ledger-memory.ts';
import type { LedgerKey } from '../../../storage/ports/ledger.ts';
import { PretendCluster } from './pretend-cluster.ts';

const caller = { userId: 'olga', roles: ['operator'] };

/** Another operator changes the keys before each of the first `times` changes. */
class ContestedStore extends MemoryLedgerStore {
  times = 0;
  change: (keys: readonly LedgerKey[]) => readonly LedgerKey[] = (keys) => keys;

  override async replaceKeys(
    keys: readonly LedgerKey[],
    present: readonly string[],
  ): Promise<boolean> {
    if (this.times > 0) {
      this.times -= 1;
      const { keys: before } = (await this.head())!;
      const ids = before.map(({ keyId }) => keyId);
      await super.replaceKeys(this.change(before), ids);
    }
    return await super.replaceKeys(keys, present);
  }
}

async function open(t: ExecutionContext) {
  const store = new ContestedStore();
  const cluster = await PretendCluster.start(['node-1']);
  const ledger = new OperatorLedger({ ...cluster.options, ledgerStore: store });
  const { id, keys } = await store.begin(newLedger(1_000));
  const more = (createdAt: number) => newLedgerKey(originOf(id), createdAt);
  const three = [more(3_000), more(2_000), keys[0]!];
  t.true(await store.replaceKeys(three, [keys[0]!.keyId]));
  const ids = async () => (await store.head())!.keys.map(({ keyId }) => keyId);
  return { store, ledger, ids, more, cluster };
}

test('L1: a key that somebody else removes meanwhile never comes back', async (t) => {
  const { store, ledger, ids } = await open(t);
  const [present, middle, old] = await ids();
  store.times = 1;
  store.change = (keys) => keys.filter(({ keyId }) => keyId !== old);
  const removed = await ledger.removeKey({ caller, keyId: middle! });
  t.deepEqual(removed, { ok: true, value: null });
  t.deepEqual(await ids(), [present!]);
  const rotated = await ledger.rotateKey({ caller, after: present! });
  t.true(rotated.ok);
  const [newest] = await ids();
  store.times = 1;
  store.change = (keys) => keys.slice(0, 1);
  t.true((await ledger.rotateKey({ caller, after: newest! })).ok);
  t.deepEqual((await ids()).slice(1), [newest!]);
});

test('L1: keys that others change again and again are left as they are, with a refusal', async (t) => {
  const { store, ledger, ids, more, cluster } = await open(t);
  const [, middle, old] = await ids();
  store.times = 100;
  store.change = ([, ...keys]) => [more(store.times), ...keys];
  const refused = await ledger.removeKey({ caller, keyId: old! });
  t.like(refused, { ok: false, code: 'unavailable' });
  t.deepEqual((await ids()).slice(1), [middle!, old!]);
  t.is(cluster.log.actions.at(-1)!.outcome, 'refused');
});
