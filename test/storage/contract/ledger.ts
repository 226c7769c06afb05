// What every driver of the ledger's state must do. There is one ledger in a store, so the tests run
// one after the other.

import test from 'ava';
import type {
  LedgerKey,
  NewLedger,
  StoredTree,
  VerifiedLedgerStore,
} from '../../../storage/ports/ledger.ts';

function ledgerKey(keyId: string): LedgerKey {
  return { keyId, verifierKey: `x+${keyId}+y`, privateKey: `private-${keyId}`, createdAt: 1_000 };
}

function newLedger(id: string): NewLedger {
  return { id, secret: `secret of ${id}`, key: ledgerKey(`key of ${id}`) };
}

function tree(name: string, size: number, bytes = ''): StoredTree {
  const tail = new Uint8Array([0, 255, size % 256, 10, 13]);
  return { name, first: 1, size, head: size + 1, tail, upper: Buffer.from(bytes) };
}

function plain({ tail, upper, ...summary }: StoredTree) {
  return { ...summary, tail: [...tail], upper: [...upper] };
}

export function ledgerContract(store: () => VerifiedLedgerStore): void {
  test.serial('L1: the last verification is kept, in place of the one before', async (t) => {
    t.is(await store().verification(), null);
    const first = { leaves: 7, erased: 1, removed: 2, findings: [], at: 5, by: 'olga' };
    await store().noteVerification(first);
    t.deepEqual(await store().verification(), first);
    const second = { ...first, leaves: 8, findings: ['Leaf 7 is another “one”.'], at: 6 };
    await store().noteVerification(second);
    t.deepEqual(await store().verification(), second);
  });

  test.serial('L1: of ledgers that begin at once one does', async (t) => {
    t.is(await store().head(), null);
    t.deepEqual(await store().trees(), []);
    t.false(await store().commit(0, { checkpoint: 'c', signedAt: 1, trees: [] }));
    const begun = await Promise.all(['a', 'b', 'c'].map((id) => store().begin(newLedger(id))));
    const [first] = begun;
    for (const head of begun) t.deepEqual(head, first);
    const { id } = first!;
    const keys = [ledgerKey(`key of ${id}`)];
    const secret = `secret of ${id}`;
    const expected = { id, secret, keys, version: 0, checkpoint: '', signedAt: 0 };
    t.deepEqual(await store().head(), expected);
  });

  test.serial('L1: of commits that go on from one version one is stored, whole', async (t) => {
    const commits = [1, 2, 3].map((n) => {
      const trees = [tree('heads', n, 'upper'), tree(`shard-${n}`, 10 * n)];
      return { checkpoint: `checkpoint ${n}\n\n— x y\n`, signedAt: 1_000 + n, trees };
    });
    const stored = await Promise.all(commits.map((commit) => store().commit(0, commit)));
    t.is(stored.filter(Boolean).length, 1);
    const commit = commits[stored.indexOf(true)]!;
    const head = await store().head();
    t.is(head?.version, 1);
    t.is(head?.checkpoint, commit.checkpoint);
    t.is(head?.signedAt, commit.signedAt);
    for (const one of commit.trees) t.deepEqual(plain((await store().tree(one.name))!), plain(one));
    const summaries = [...(await store().trees())].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    t.deepEqual(
      summaries,
      commit.trees.map(({ name, first, size, head: at }) => ({ name, first, size, head: at })),
    );
    t.is(await store().tree('shard-99'), null);
  });

  test.serial('L1: a commit replaces the trees that it names, and no others', async (t) => {
    const before = await store().trees();
    const trees = [tree('heads', 7), tree('audit', 300, 'more')];
    t.true(await store().commit(1, { checkpoint: 'next', signedAt: 5, trees }));
    const after = await store().trees();
    t.is(after.length, before.length + 1);
    for (const one of trees) t.deepEqual(plain((await store().tree(one.name))!), plain(one));
    t.is((await store().head())?.version, 2);
  });

  test.serial('L1: keys are replaced where all of them are those that were read', async (t) => {
    const { keys } = (await store().head())!;
    const [old] = keys;
    t.false(await store().replaceKeys([ledgerKey('new')], ['another']));
    t.false(await store().replaceKeys([ledgerKey('new')], []));
    t.deepEqual((await store().head())?.keys, keys);
    t.true(await store().replaceKeys([ledgerKey('new'), old!], [old!.keyId]));
    for (const others of [[old!.keyId], ['new'], [old!.keyId, 'new'], ['new', old!.keyId, 'more']])
      t.false(await store().replaceKeys([ledgerKey('newer')], others));
    const head = await store().head();
    t.deepEqual(head?.keys, [ledgerKey('new'), old!]);
    t.is(head?.version, 2);
  });

  test.serial('L1: a salt stays the same until it is forgotten for good', async (t) => {
    const [ada, ben] = await store().salts(['ada', 'ben']);
    t.is(Buffer.from(ada!, 'base64').length, 16);
    t.not(ada, ben);
    t.deepEqual(await store().salts(['ben', 'ada']), [ben!, ada!]);
    t.deepEqual(await store().presentSalts(['ada', 'cara']), [ada!, null]);
    await store().forgetSalt('ada');
    await store().forgetSalt('ada');
    t.deepEqual(await store().presentSalts(['ada', 'ben']), [null, ben!]);
    const [dead] = await store().salts(['ada']);
    t.is(Buffer.from(dead!, 'base64').length, 16);
    t.not(dead, ada);
    t.notDeepEqual(await store().salts(['ada']), [dead!], 'what is made for it is not stored');
    await store().forgetSalt('dora');
    await store().salts(['dora']);
    t.deepEqual(await store().presentSalts(['ada', 'ben', 'dora']), [null, ben!, null]);
    t.deepEqual(await store().salts([]), []);
  });
}
