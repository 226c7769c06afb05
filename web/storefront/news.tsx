// The kept notifications, the newest first.

import { useEffect } from 'preact/hooks';
import { Fault } from '../shared/components/fault.tsx';
import { Badge, Empty, Shown } from '../shared/components/parts.tsx';
import { momentText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import type { MessageKey } from '../shared/messages/en.ts';
import { client, news, serverNow } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { productNames } from './product-names.ts';
import { readUnread } from './unread.ts';

const LIMIT = 50;
const TEXTS: Readonly<Record<string, MessageKey>> = {
  'order.confirmed': 'news.order.confirmed',
  'order.failed': 'news.order.failed',
  'order.cancelled': 'news.order.cancelled',
  'order.expired': 'news.order.expired',
  'order.refunded': 'news.order.refunded',
  'order.partially_refunded': 'news.order.partially_refunded',
};

export function News() {
  const loaded = useLoaded(
    async (signal) => {
      const page = await client.call('GET /v1/notifications', { query: { limit: LIMIT }, signal });
      const names = await productNames(
        page.items.flatMap(({ data: { dropId } }) => (typeof dropId === 'string' ? [dropId] : [])),
        signal,
      );
      return { ...page, names };
    },
    [],
    [news.value?.id],
  );
  useEffect(() => {
    document.title = `${text('news.title')} · LiveDrops`;
  }, []);
  const { isBusy, fault, run } = useWorking();
  const markRead = (upTo: string): void =>
    run(async () => {
      await client.call('POST /v1/notifications/read-all', { body: { upTo } });
      await readUnread();
    }, loaded.reload);
  return (
    <div class="stack">
      <h1>{text('news.title')}</h1>
      <Fault of={fault} />
      <Shown from={loaded} waiting={<div class="waiting drop-waiting-panel" />}>
        {({ items, unreadCount, names }) => {
          if (items.length === 0) {
            return (
              <Empty title={text('news.empty.title')}>
                <p>{text('news.empty.text')}</p>
              </Empty>
            );
          }
          return (
            <>
              {unreadCount > 0 && (
                <p>
                  <button
                    class="button"
                    type="button"
                    aria-disabled={isBusy.value}
                    onClick={() => markRead(items[0]!.id)}
                  >
                    {text('news.read')}
                  </button>
                </p>
              )}
              <ul class="stack" role="list">
                {items.map(({ id, type, data, createdAt, readAt }) => (
                  <li key={id}>
                    <a class="panel row row-apart line-link" href={`/orders/${data['orderId']}`}>
                      <span>
                        {readAt === null && <Badge tone="live">{text('unread', { n: 1 })}</Badge>}{' '}
                        {text(TEXTS[type] ?? 'news.other')}{' '}
                        <b>{names.get(String(data['dropId']))}</b>
                      </span>
                      <span class="soft">{momentText(createdAt, serverNow())}</span>
                    </a>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Shown>
    </div>
  );
}
