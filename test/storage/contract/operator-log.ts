// What every driver of the operator log must do. The log is one for the whole store, so the tests
// run one after the other.

import test from 'ava';
import type { OperatorLog } from '../../../storage/ports/operator-log.ts';
import type { OperatorAction } from '../../../contracts/operator.ts';
import { failsWith } from './errors.ts';

function timesOf(actions: readonly OperatorAction[]): number[] {
  return actions.map(({ at }) => at).toSorted((a, b) => a - b);
}

export function operatorLogContract(log: () => OperatorLog): void {
  const actionOf = (at: number): Omit<OperatorAction, 'id'> => ({
    at,
    operatorId: 'ada',
    action: 'pin',
    params: { shard: 17, to: 'node-2', dryRun: false, note: null },
    result: `done "${at}", ünïcode`,
  });

  test.serial('X3: actions are listed as they were, newest first, to the last page', async (t) => {
    const before = (await log().list({ limit: 1, cursor: null })).items.length;
    t.is(before, 0);
    const appended: OperatorAction[] = [];
    for (let at = 0; at < 7; at++) appended.push(await log().append(actionOf(at)));
    t.is(new Set(appended.map(({ id }) => id)).size, 7);
    const listed: OperatorAction[] = [];
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page = await log().list({ limit: 3, cursor });
      listed.push(...page.items);
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null && pages < 10);
    t.is(pages, 3);
    t.deepEqual(listed, appended.toReversed());
  });

  test.serial('X3: a page stays the same while actions are added', async (t) => {
    const first = await log().list({ limit: 2, cursor: null });
    const next = await log().list({ limit: 2, cursor: first.nextCursor });
    await log().append(actionOf(100));
    t.deepEqual(await log().list({ limit: 2, cursor: first.nextCursor }), next);
  });

  test.serial('X3: concurrent actions are all stored, each with its own id', async (t) => {
    const added = await Promise.all(
      Array.from({ length: 20 }, (_, i) => log().append(actionOf(1000 + i))),
    );
    t.is(new Set(added.map(({ id }) => id)).size, 20);
    const { items } = await log().list({ limit: 20, cursor: null });
    t.deepEqual(timesOf(items), timesOf(added));
  });

  test.serial('H3: a foreign cursor is refused', async (t) => {
    await failsWith(t, 'invalid-cursor', log().list({ limit: 2, cursor: 'nonsense' }));
  });
}
