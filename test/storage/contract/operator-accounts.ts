// What every driver of the operators' accounts must do.

import test from 'ava';
import {
  OPERATOR_ACCOUNTS_MAX,
  type OperatorAccount,
  type OperatorAccountStore,
} from '../../../storage/ports/operator-accounts.ts';

export function operatorAccount(change: Partial<OperatorAccount> = {}): OperatorAccount {
  return {
    userId: 'u_op',
    role: 'operator',
    grantId: 'g1',
    secret: 'JBSWY3DPEHPK3PXP',
    recoveryHashes: ['a'.repeat(64)],
    usedStep: 0,
    addedAt: 1_000,
    addedBy: 'operator',
    revision: 1,
    ...change,
  };
}

/** The tests list and fill the store, so they come one after the other. */
export function operatorAccountsContract(store: () => OperatorAccountStore): void {
  test.serial(
    'X3a: an operator’s account is found, listed, replaced whole and removed',
    async (t) => {
      const first = operatorAccount({ userId: 'u_first', addedAt: 1 });
      const second = operatorAccount({ userId: 'u_second', addedAt: 2, role: 'auditor' });
      t.is(await store().find('u_first'), null);
      t.deepEqual(await store().list(), []);
      t.true(await store().put(second));
      t.true(await store().put(first));
      t.deepEqual(await store().find('u_first'), first);
      t.deepEqual(await store().list(), [first, second]);
      const again = operatorAccount({ userId: 'u_first', addedAt: 3, grantId: 'g2' });
      t.true(await store().put(again));
      t.deepEqual(await store().list(), [second, again]);
      t.true(await store().remove('u_first'));
      t.false(await store().remove('u_first'));
      t.is(await store().find('u_first'), null);
      t.true(await store().remove('u_second'));
    },
  );

  test.serial('X3a: of changes made at once to one revision of a grant, one is made', async (t) => {
    const account = operatorAccount();
    t.false(await store().replace({ ...account, revision: 2 }));
    await store().put(account);
    const changes = [5, 6, 7].map((usedStep) => ({ ...account, usedStep, revision: 2 }));
    const made = await Promise.all(changes.map((change) => store().replace(change)));
    t.is(made.filter(Boolean).length, 1);
    t.deepEqual(await store().find('u_op'), changes[made.indexOf(true)]);
    t.false(await store().replace({ ...account, grantId: 'g2', revision: 3 }));
    t.false(await store().replace({ ...account, revision: 4 }));
    t.true(await store().replace({ ...account, recoveryHashes: [], revision: 3 }));
    t.deepEqual((await store().find('u_op'))?.recoveryHashes, []);
    await store().remove('u_op');
  });

  test.serial(
    'X3a: there are so many operators and no more; who is one can be again',
    async (t) => {
      const ids = Array.from({ length: OPERATOR_ACCOUNTS_MAX }, (_, i) => `u_op${i}`);
      for (const userId of ids) t.true(await store().put(operatorAccount({ userId })));
      t.false(await store().put(operatorAccount({ userId: 'u_more' })));
      t.true(await store().put(operatorAccount({ userId: 'u_op7', role: 'auditor' })));
      t.is((await store().list()).length, OPERATOR_ACCOUNTS_MAX);
      t.is(await store().find('u_more'), null);
      for (const userId of ids) await store().remove(userId);
    },
  );
}
