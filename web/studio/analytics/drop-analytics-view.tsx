// Analytics of one drop.

import { useEffect } from 'preact/hooks';
import { client } from '../../shared/server.ts';
import { type DropWithProduct, useDropWithProduct } from '../drop-with-product.ts';
import { ShownView } from '../shown-view.tsx';
import { studioText } from '../texts.ts';
import { AnalyticsPanel } from './analytics-panel.tsx';
import { analyticsText } from './texts.ts';

export function DropAnalyticsView({ id }: { id: string }) {
  const loaded = useDropWithProduct(id);
  return (
    <ShownView from={loaded} title={analyticsText('title')}>
      {(data) => <OfDrop key={data.drop.id} {...data} />}
    </ShownView>
  );
}

function OfDrop({ drop, product: { name } }: DropWithProduct) {
  const path = { id: drop.id };
  useEffect(() => {
    document.title = `${analyticsText('of.drop', { name })} · ${studioText('title')}`;
  }, [name]);
  return (
    <div class="stack">
      <p>
        <a href={`/studio/drops/${drop.id}`}>{analyticsText('of.sale')}</a>
      </p>
      <h1>{analyticsText('of.drop', { name })}</h1>
      <AnalyticsPanel
        id={drop.id}
        drop={drop}
        read={(query, signal) =>
          client.call('GET /v1/drops/{id}/analytics', { path, query, signal })
        }
        open={(query) => client.open('GET /v1/drops/{id}/analytics/export', { path, query })}
      />
    </div>
  );
}
