// What every driver of mailed links must do.

import test from 'ava';
import {
  type AccountLink,
  type AccountLinkStore,
  LINKS_PER_USER_MAX,
} from '../../../storage/ports/account-links.ts';

const FAR = 4_000_000_000_000;

const link = (id: string, userId: string, expiresAt = FAR): AccountLink => ({
  id,
  userId,
  purpose: 'reset',
  hash: 'h4sh',
  email: 'a@example.com',
  credentials: 2,
  expiresAt,
});

export function accountLinksContract(
  stores: () => { readonly accountLinks: AccountLinkStore },
): void {
  const links = (): AccountLinkStore => stores().accountLinks;
  const present = async (userId: string, ids: readonly string[]) => {
    const found = await Promise.all(ids.map((id) => links().find(userId, id)));
    return found.flatMap((each) => each?.id ?? []);
  };

  test('A7: a mailed link is found by its user until it is removed', async (t) => {
    await links().add(link('l_a1', 'u_a'), 0);
    await links().add(link('l_a2', 'u_a'), 0);
    t.deepEqual(await links().find('u_a', 'l_a1'), link('l_a1', 'u_a'));
    await links().add(link('l_a1', 'u_a', FAR + 1), 0);
    t.deepEqual(await links().find('u_a', 'l_a1'), link('l_a1', 'u_a', FAR + 1));
    t.is(await links().find('u_b', 'l_a1'), null);
    t.is(await links().find('u_a', 'l_none'), null);
    await links().remove('u_b', 'l_a1');
    await links().remove('u_a', 'l_a1');
    await links().remove('u_a', 'l_a1');
    t.deepEqual(await present('u_a', ['l_a1', 'l_a2']), ['l_a2']);
  });

  test('A7: all links of a user are removed, and no others', async (t) => {
    for (const id of ['l_c1', 'l_c2']) await links().add(link(id, 'u_c'), 0);
    await links().add(link('l_d1', 'u_d'), 0);
    await links().removeAll('u_c');
    await links().removeAll('u_c');
    t.deepEqual(await present('u_c', ['l_c1', 'l_c2']), []);
    t.deepEqual(await present('u_d', ['l_d1']), ['l_d1']);
  });

  test('A7: expired links, and the oldest past the bound, leave with the next one', async (t) => {
    await links().add(link('l_e0', 'u_e', FAR - 1_000), 0);
    const ids = Array.from({ length: LINKS_PER_USER_MAX }, (_, i) => `l_e${100 + i}`);
    for (const id of ids) await links().add(link(id, 'u_e'), FAR - 1_000);
    t.deepEqual(await present('u_e', ['l_e0', ...ids]), ids);
    await links().add(link('l_e999', 'u_e'), FAR - 1_000);
    t.deepEqual(await present('u_e', [...ids, 'l_e999']), [...ids.slice(1), 'l_e999']);
  });
}
