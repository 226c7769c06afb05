// A product: its pictures, its text, and the drops that sell it.

import { useEffect } from 'preact/hooks';
import { Picture } from '../shared/components/parts.tsx';
import { ShownView } from '../shared/components/shown-view.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client } from '../shared/server.ts';
import { useNoIndex } from './no-index.ts';
import { StatusBadge } from '../shared/components/status-badge.tsx';
import { momentText } from '../shared/language.ts';
import { priceText } from '../shared/money.ts';
import { serverNow } from '../shared/server.ts';

export function Product({ id }: { id: string }) {
  const loaded = useLoaded(
    async (signal) => {
      const [product, { items: drops }] = await Promise.all([
        client.call('GET /v1/products/{id}', { path: { id }, signal }),
        client.call('GET /v1/drops', { query: { product_id: id }, signal }),
      ]);
      return { product, drops };
    },
    [id],
  );
  const product = loaded.state.value.is === 'ready' ? loaded.state.value.value.product : null;
  const name = product?.name ?? '';
  useNoIndex(product?.unlisted === true);
  useEffect(() => {
    if (name !== '') document.title = `${name} · LiveDrops`;
  }, [name]);
  return (
    <ShownView
      from={loaded}
      title={text('search.type.product')}
      waiting={<div class="waiting drop-waiting-panel" />}
    >
      {({ product: { picture, description }, drops }) => (
        <article class="drop">
          <Picture of={picture} name={name} turn="first" isLarge />
          <div class="stack">
            <h1>{name}</h1>
            {description !== '' && (
              <p class="drop-about" dir="auto">
                {description}
              </p>
            )}
            <h2>{text('creator.drops')}</h2>
            <ul class="stack" role="list">
              {drops.map((drop) => (
                <li key={drop.id}>
                  <a class="panel row row-apart line-link" href={`/drops/${drop.id}`}>
                    <StatusBadge drop={drop} />
                    <span>{momentText(drop.startsAt, serverNow())}</span>
                    <b class="number">{priceText(drop.unitAmount, drop.currency)}</b>
                  </a>
                </li>
              ))}
            </ul>
          </div>
        </article>
      )}
    </ShownView>
  );
}
