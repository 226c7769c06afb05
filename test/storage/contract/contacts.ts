// What every driver of the contacts must do.

import test from 'ava';
import type { Contact } from '../../../contracts/contacts.ts';
import type { ContactStore } from '../../../storage/ports/contacts.ts';
import { failsWith } from './errors.ts';

function contactOf(userId: string, at: number, change: Partial<Contact> = {}): Contact {
  const user = userId.slice(userId.indexOf(':') + 1);
  return { userId, user, email: `${at}@example.com`, createdAt: at, changedAt: at, ...change };
}

export function contactsContract(store: () => ContactStore): void {
  async function listed(space: string, limit: number): Promise<Contact[][]> {
    const pages: Contact[][] = [];
    let cursor: string | null = null;
    do {
      const page = await store().list(space, { limit, cursor });
      pages.push([...page.items]);
      cursor = page.nextCursor;
    } while (cursor !== null && pages.length < 20);
    return pages;
  }

  test('A6: a contact is found as it was stored', async (t) => {
    const contact = contactOf('~u_find:ann:2', 5, {
      language: 'de-AT',
      pushSubscriptions: [
        { endpoint: 'https://push.example.com/x', keys: { p256dh: 'BA', auth: 'Zz' } },
      ],
    });
    t.deepEqual(await store().put(contact), contact);
    t.deepEqual(await store().find(contact.userId), contact);
    t.is(await store().find('~u_find:bob'), null);
  });

  test('A6: another contact replaces the first one, whose time of making stays', async (t) => {
    await store().put(contactOf('~u_again:ann', 5, { language: 'en' }));
    const later = contactOf('~u_again:ann', 9);
    const stored = { ...later, createdAt: 5 };
    t.deepEqual(await store().put(later), stored);
    t.deepEqual(await store().find('~u_again:ann'), stored);
    t.deepEqual(await listed('~u_again', 10), [[stored]]);
  });

  test('A6: a space is listed newest first, page by page, and no other one', async (t) => {
    const contacts = Array.from({ length: 23 }, (_, i) => contactOf(`~u_list:user-${i}`, i >> 1));
    for (const contact of contacts) await store().put(contact);
    await store().put(contactOf('~u_list2:ann', 50));
    const expected = contacts.toSorted(
      (a, b) => b.createdAt - a.createdAt || (a.userId < b.userId ? 1 : -1),
    );
    const pages = await listed('~u_list', 5);
    t.is(pages.length, 5);
    t.deepEqual(pages.flat(), expected);
    t.deepEqual(await listed('~u_nobody', 5), [[]]);
    await failsWith(t, 'invalid-cursor', store().list('~u_list', { limit: 2, cursor: 'x' }));
  });

  test('A6: an erased contact is gone, and only that one', async (t) => {
    const [one, other] = [contactOf('~u_gone:ann', 1), contactOf('~u_gone:bob', 2)];
    await store().put(one);
    await store().put(other);
    t.true(await store().remove(one.userId));
    t.false(await store().remove(one.userId));
    t.is(await store().find(one.userId), null);
    t.deepEqual(await listed('~u_gone', 10), [[other]]);
    const again = contactOf('~u_gone:ann', 7);
    t.deepEqual(await store().put(again), again);
  });
}
