// What every sessions driver must do.

import test from 'ava';
import type { SessionRow, SessionStore } from '../../../storage/ports/sessions.ts';
import type { AccountStore } from '../../../storage/ports/accounts.ts';

/** Bound of the list that the drivers under test have. */
export const ENDED_MAX = 50;
/** So long ago that nothing leaves the list by its age. */
const NEVER = 0;
const FAR = 4_000_000_000_000;

const session = (id: string, userId: string, change: Partial<SessionRow> = {}): SessionRow => ({
  id,
  userId,
  device: `device "${id}" / ü`,
  createdAt: 1_700_000_000_000,
  usedAt: 1_700_000_000_123,
  expiresAt: FAR,
  credentials: 0,
  ...change,
});

export function sessionsContract(
  stores: () => { readonly sessions: SessionStore; readonly accounts: AccountStore },
): void {
  const sessions = (): SessionStore => stores().sessions;
  const head = async (): Promise<number> => {
    let position = 0;
    for (;;) {
      const page = await sessions().ended(position, 100);
      if (page.ended.length === 0) return position;
      ({ position } = page);
    }
  };

  test.serial("A1c: a user's sessions are listed, the last used first", async (t) => {
    const first = session('s_l1', 'u_list', { usedAt: 10 });
    const second = session('s_l2', 'u_list', { usedAt: 20 });
    for (const each of [first, second, session('s_l3', 'u_other')]) await sessions().put(each, 0);
    t.deepEqual(await sessions().list('u_list', 0), [second, first]);
    t.deepEqual(await sessions().find('u_list', 's_l1'), first);
    t.is(await sessions().find('u_other', 's_l1'), null);
    t.deepEqual(await sessions().list('u_nobody', 0), []);
  });

  test.serial('A1c: a session changes only while it is there', async (t) => {
    await sessions().put(session('s_c1', 'u_change'), 0);
    const change = { usedAt: 1_700_000_000_999, expiresAt: FAR + 7 };
    t.true(await sessions().change('u_change', 's_c1', change));
    t.true(await sessions().change('u_change', 's_c1', { credentials: 3 }));
    const changed = session('s_c1', 'u_change', { ...change, credentials: 3 });
    t.deepEqual(await sessions().find('u_change', 's_c1'), changed);
    t.false(await sessions().change('u_other', 's_c1', change));
    await sessions().end('u_change', ['s_c1'], 1_000, NEVER);
    t.false(await sessions().change('u_change', 's_c1', change));
    t.is(await sessions().find('u_change', 's_c1'), null);
  });

  test.serial('A1c: expired sessions are not listed, and leave with the next one', async (t) => {
    await sessions().put(session('s_e1', 'u_expiry', { expiresAt: FAR - 10 }), 0);
    t.is((await sessions().list('u_expiry', FAR - 11)).length, 1);
    t.is((await sessions().list('u_expiry', FAR - 10)).length, 0);
    await sessions().put(session('s_e2', 'u_expiry'), FAR - 10);
    t.is(await sessions().find('u_expiry', 's_e1'), null);
  });

  test.serial('A1c: an end is listed, removes the session and revokes its tokens', async (t) => {
    const { accounts } = stores();
    const rotate = (hash: string) =>
      accounts.rotateRefreshToken(hash, { hash: `${hash}_next`, expiresAt: FAR }, 10);
    for (const id of ['s_x1', 's_x2']) {
      await sessions().put(session(id, 'u_end'), 0);
      const token = { hash: `hash_${id}`, familyId: id, userId: 'u_end', expiresAt: FAR };
      await accounts.addRefreshToken(token);
    }
    const before = await head();
    await sessions().end('u_end', ['s_x1', 's_unknown'], Date.now(), NEVER);
    await sessions().end('u_end', [], Date.now(), NEVER);
    const { ended, position, lostUntil } = await sessions().ended(before, 10);
    t.deepEqual(
      ended.map(({ id }) => id),
      ['s_x1', 's_unknown'],
    );
    t.is(lostUntil, 0);
    t.deepEqual((await sessions().ended(position, 10)).ended, []);
    t.deepEqual(
      (await sessions().list('u_end', 0)).map(({ id }) => id),
      ['s_x2'],
    );
    t.is((await rotate('hash_s_x1')).result, 'unknown');
    t.is((await rotate('hash_s_x2')).result, 'rotated');
    // Again: it is listed once, at the end.
    await sessions().end('u_end', ['s_x1'], Date.now(), NEVER);
    t.deepEqual(
      (await sessions().ended(position, 10)).ended.map(({ id }) => id),
      ['s_x1'],
    );
  });

  test.serial('A1c: the list is read in pages without gaps or repeats', async (t) => {
    let position = await head();
    const ids = Array.from({ length: 23 }, (_, i) => `s_p${i}`);
    await sessions().end('u_pages', ids.slice(0, 12), Date.now(), NEVER);
    await sessions().end('u_pages', ids.slice(12), Date.now(), NEVER);
    const read: string[] = [];
    for (;;) {
      const page = await sessions().ended(position, 5);
      if (page.ended.length === 0) break;
      read.push(...page.ended.map(({ id }) => id));
      ({ position } = page);
    }
    t.deepEqual(read, ids);
  });

  test.serial('A1c: past its bound the list evicts the oldest and says until when', async (t) => {
    const now = Date.now();
    const ids = Array.from({ length: ENDED_MAX + 10 }, (_, i) => `s_b${i}`);
    for (const id of ids) await sessions().end('u_bound', [id], now, NEVER);
    const { ended, lostUntil } = await sessions().ended(0, 1_000);
    t.deepEqual(
      ended.map(({ id }) => id),
      ids.slice(10),
    );
    t.true(lostUntil >= now && lostUntil <= ended[0]!.endedAt);
  });

  test.serial('A1c: ends that are old enough leave the list', async (t) => {
    const now = Date.now();
    await sessions().end('u_old', ['s_o1'], now, NEVER);
    await sessions().end('u_old', ['s_o2'], now + 60_000, now + 30_000);
    const listed = (await sessions().ended(0, 1_000)).ended.map(({ id }) => id);
    t.true(listed.includes('s_o2'));
    t.is(listed.filter((id) => id.startsWith('s_b')).length < ENDED_MAX, true);
  });
}
