// How many notifications are unread, for the badge: read once for each user, and with each that
// comes.

import { effect, signal } from '@preact/signals';
import { client, news, user } from '../shared/server.ts';

export const unread = signal(0);

export async function readUnread(): Promise<void> {
  if (user.value === null) {
    unread.value = 0;
    return;
  }
  const query = { limit: 1 };
  const { unreadCount } = await client.call('GET /v1/notifications', { query });
  unread.value = unreadCount;
}

/** Runs as long as the page does. */
export function countUnread(): void {
  effect(() => {
    void user.value?.id;
    void news.value?.id;
    // The count is a hint: where it cannot be read, the last one stays.
    readUnread().catch(() => undefined);
  });
}
