import test from 'ava';
import type { ExecutionContext } from 'ava';
import { checkLedger } from '../../../events/ledger/ledger-check.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { MadeLedger, verify } from './made-ledger.ts';

async function madeLedger(t: ExecutionContext): Promise<MadeLedger> {
  const made = new MadeLedger();
  t.teardown(() => made.close());
  await made.append(0, 300);
  await made.append(1, 7);
  await made.act('ada', { userId: 'ben', shard: 3 });
  await made.act('ada');
  await made.passes();
  return made;
}

async function check(made: MadeLedger, changed: Partial<Stores> = {}) {
  const { ledger: store, journal, auditLog } = { ...made.stores, ...changed };
  return await checkLedger({ ledger: made.ledger, store, journal, auditLog });
}

/** A journal of other entries. */
async function otherJournal(shard: number, textOf: (sequence: number) => string, count: number) {
  const { journal } = memoryStores();
  const { epoch } = await journal.claim(shard, 'test');
  for (let i = 1; i <= count; i++) await journal.append(shard, epoch, i, Buffer.from(textOf(i)));
  return journal;
}

test('L1: a ledger is what journals and audit log say', async (t) => {
  const made = await madeLedger(t);
  const expected = { leaves: 312, erased: 0, removed: 0, findings: [] };
  t.deepEqual(await check(made), expected);
});

test('L1: an entry of the journal that was changed, moved or lost is named', async (t) => {
  const made = await madeLedger(t);
  /** The journal with another one in place of shard 1. */
  const withShard1 = (journal: Stores['journal']): Stores['journal'] =>
    new Proxy(made.stores.journal, {
      get(target, name: keyof Stores['journal']) {
        if (name !== 'read') return target[name].bind(target);
        return async (shard: number, after: number, limit: number) =>
          await (shard === 1 ? journal : target).read(shard, after, limit);
      },
    });
  const own = (sequence: number) => `entry 1/${sequence}`;
  const ways: Record<string, Stores['journal']> = {
    'shard-1: 4 is not what': await otherJournal(1, (i) => (i === 4 ? 'entry 1/x' : own(i)), 7),
    'shard-1: 5 is not what': await otherJournal(1, (i) => own(i === 5 ? 6 : i === 6 ? 5 : i), 7),
    'shard-1: 7 is not there': await otherJournal(1, own, 6),
  };
  for (const [finding, journal] of Object.entries(ways)) {
    const { findings } = await check(made, { journal: withShard1(journal) });
    t.true(findings[0]?.startsWith(finding), findings.join('; '));
  }
});

test('L1: an action of the audit log that was changed is named', async (t) => {
  const made = await madeLedger(t);
  const { auditLog } = memoryStores();
  for (const action of await made.stores.auditLog.readFrom(1, 10)) {
    const result = action.sequence === 2 ? 'another' : action.result;
    await auditLog.append({ ...action, result });
  }
  const { findings } = await check(made, { auditLog });
  t.deepEqual(findings, ['audit: 2 is not what the ledger has of it']);
});

test('L1: actions that the audit log keeps no longer are counted, not found', async (t) => {
  const made = await madeLedger(t);
  t.is(await made.stores.auditLog.trim(Number.MAX_SAFE_INTEGER, 1), 1);
  const { removed, erased, findings } = await check(made);
  t.deepEqual([removed, erased, findings], [1, 0, []]);
});

test('L1: with a deleted account its commitments cannot be opened, and all proofs hold', async (t) => {
  const made = await madeLedger(t);
  const before = await made.bundle();
  await made.stores.ledger.forgetSalt('ben');
  const { erased, findings } = await check(made);
  t.deepEqual([erased, findings], [1, []], 'the action about ben, and no other of ada');
  await made.append(1, 1);
  await made.act('cara', { userId: 'ben' });
  await made.passes();
  t.not(await made.ledger.prove('audit', 1), null);
  const later = await check(made);
  t.deepEqual([later.erased, later.findings], [2, []], 'an action told after the deletion, too');
  const verified = await verify(await made.bundle(), '--against', before);
  t.is(verified.code, 0, verified.output);
  // Whoever has the action, and a ledger of the same history, cannot make the leaf again.
  const leaf = async () => (await (await made.ledger.tree('audit'))!.leaves(0, 1))[0]!;
  const again = new MadeLedger();
  t.teardown(() => again.close());
  await again.act('ada', { userId: 'ben', shard: 3 });
  await again.passes();
  t.notDeepEqual((await (await again.ledger.tree('audit'))!.leaves(0, 1))[0], await leaf());
});
