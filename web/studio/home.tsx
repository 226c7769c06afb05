// The creator's products, and a form for a new one.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Empty, Field, Notice, Picture, Shown } from '../shared/components/parts.tsx';
import { valuesOf } from '../shared/components/log-in.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client, user } from '../shared/server.ts';
import type { Product } from '../../sdk/api.ts';
import { studioText } from './texts.ts';
import { useWorking } from '../shared/working.ts';

const LIMIT = 24;
const NAME_LENGTH_MAX = 120;

export function StudioHome() {
  const creatorId = user.value!.id;
  const isOpen = useSignal(false);
  const more = useSignal<{
    readonly items: readonly Product[];
    readonly next: string | null;
  } | null>(null);
  const loaded = useLoaded(
    (signal) =>
      client.call('GET /v1/products', { query: { creator_id: creatorId, limit: LIMIT }, signal }),
    [creatorId],
  );
  useEffect(() => {
    document.title = `${studioText('title')} · LiveDrops`;
  }, []);
  const showMore = async (cursor: string): Promise<void> => {
    const query = { creator_id: creatorId, limit: LIMIT, cursor };
    const page = await client.call('GET /v1/products', { query });
    more.value = { items: [...(more.value?.items ?? []), ...page.items], next: page.nextCursor };
  };
  return (
    <div class="stack">
      <div class="row row-apart">
        <h1>{studioText('products.title')}</h1>
        <button
          class="button button-main"
          type="button"
          aria-expanded={isOpen.value}
          onClick={() => (isOpen.value = !isOpen.value)}
        >
          {studioText('products.new')}
        </button>
      </div>
      {isOpen.value && <NewProduct creatorId={creatorId} />}
      <Shown from={loaded} waiting={<div class="waiting studio-waiting" />}>
        {({ items, nextCursor }) => {
          const all = [...items, ...(more.value?.items ?? [])];
          const next = more.value === null ? nextCursor : more.value.next;
          if (all.length === 0) {
            return (
              <Empty title={studioText('products.empty.title')}>
                <p>{studioText('products.empty.text')}</p>
              </Empty>
            );
          }
          return (
            <>
              <ul class="studio-products" role="list">
                {all.map((product) => (
                  <li key={product.id}>
                    <a class="studio-product" href={`/studio/products/${product.id}`}>
                      <Picture of={product.picture} name={product.name} />
                      <b>{product.name}</b>
                    </a>
                  </li>
                ))}
              </ul>
              {next !== null && (
                <button class="button" type="button" onClick={() => void showMore(next)}>
                  {text('more')}
                </button>
              )}
            </>
          );
        }}
      </Shown>
    </div>
  );
}

function NewProduct({ creatorId }: { creatorId: string }) {
  const { isBusy, fault, run } = useWorking();
  const { route } = useLocation();
  return (
    <form
      class="panel stack"
      onSubmit={(event) => {
        event.preventDefault();
        const [name = '', description = ''] = valuesOf(event.currentTarget, 'name', 'description');
        run(
          () =>
            client.call('POST /v1/creators/{id}/products', {
              path: { id: creatorId },
              body: { name, description },
            }),
          ({ id }) => route(`/studio/products/${id}`),
        );
      }}
    >
      <Field name="name" label={studioText('product.name')} maxLength={NAME_LENGTH_MAX} />
      <Description value="" />
      {fault.value !== null && (
        <Notice tone="bad" isUrgent>
          {fault.value}
        </Notice>
      )}
      <p>
        <button class="button button-main" type="submit" disabled={isBusy.value}>
          {studioText('product.make')}
        </button>
      </p>
    </form>
  );
}

export function Description({ value }: { value: string }) {
  return (
    <div class="field">
      <label for="description">{studioText('product.description')}</label>
      <textarea class="input" id="description" name="description" rows={4} defaultValue={value} />
    </div>
  );
}
