// Analytics of all drops of the creator, and the way to those of each.

import { useEffect } from 'preact/hooks';
import type { Drop } from '../../../sdk/api.ts';
import { PagedList } from '../../shared/components/paged-list.tsx';
import { StatusBadge } from '../../shared/components/status-badge.tsx';
import { momentText } from '../../shared/language.ts';
import { useLoaded } from '../../shared/loaded.ts';
import { usePaged } from '../../shared/paged.ts';
import { client, serverNow, user } from '../../shared/server.ts';
import { studioText } from '../texts.ts';
import { AnalyticsPanel } from './analytics-panel.tsx';
import { analyticsText } from './texts.ts';

const LIMIT = 24;
const PRODUCTS_MAX = 100;

export function AnalyticsView() {
  const { id } = user.value!;
  useEffect(() => {
    document.title = `${analyticsText('title')} · ${studioText('title')}`;
  }, []);
  return (
    <div class="stack stack-l">
      <div class="stack">
        <h1>{analyticsText('title')}</h1>
        <p class="soft">{analyticsText('all')}</p>
        <AnalyticsPanel
          id={id}
          drop={null}
          read={(query, signal) =>
            client.call('GET /v1/creators/{id}/analytics', { path: { id }, query, signal })
          }
          open={(query) =>
            client.open('GET /v1/creators/{id}/analytics/export', { path: { id }, query })
          }
        />
      </div>
      <Drops creatorId={id} />
    </div>
  );
}

function Drops({ creatorId }: { creatorId: string }) {
  const products = useLoaded(
    (signal) => {
      const query = { creator_id: creatorId, limit: PRODUCTS_MAX };
      return client.call('GET /v1/products', { query, signal });
    },
    [creatorId],
  );
  const paged = usePaged(
    (cursor, signal) => {
      const query = { creator_id: creatorId, limit: LIMIT, cursor };
      return client.call('GET /v1/drops', { query, signal });
    },
    [creatorId],
  );
  const state = products.state.value;
  const names = new Map(
    state.is === 'ready' ? state.value.items.map(({ id, name }) => [id, name]) : [],
  );
  return (
    <section class="stack">
      <h2>{analyticsText('drops.title')}</h2>
      <PagedList
        of={paged}
        waiting={<div class="waiting studio-waiting" />}
        empty={<p class="soft">{analyticsText('drops.none')}</p>}
      >
        {(drops) => (
          <ul class="stack" role="list">
            {drops.map((drop) => (
              <li key={drop.id}>
                <Line drop={drop} name={names.get(drop.productId) ?? drop.id} />
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}

function Line({ drop, name }: { drop: Drop; name: string }) {
  const { id, sold, stocked, startsAt } = drop;
  return (
    <a class="panel row row-apart studio-line" href={`/studio/drops/${id}/analytics`}>
      <span class="row">
        <StatusBadge drop={drop} />
        <b>{name}</b>
      </span>
      <span class="soft">{momentText(startsAt, serverNow())}</span>
      <span class="number">{analyticsText('drops.soldOf', { sold, stocked })}</span>
    </a>
  );
}
