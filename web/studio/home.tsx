// The creator's products, and a form for a new one.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { PRODUCT_NAME_LENGTH_MAX } from '../../contracts/bounds.ts';
import { Fault } from '../shared/components/fault.tsx';
import { PagedList } from '../shared/components/paged-list.tsx';
import { Empty, Field, Picture } from '../shared/components/parts.tsx';
import { valuesOf } from '../shared/components/log-in.tsx';
import { usePaged } from '../shared/paged.ts';
import { client, user } from '../shared/server.ts';
import { studioText } from './texts.ts';
import { useWorking } from '../shared/working.ts';

const LIMIT = 24;

export function StudioHome() {
  const creatorId = user.value!.id;
  const isOpen = useSignal(false);
  const paged = usePaged(
    (cursor, signal) => {
      const query = { creator_id: creatorId, limit: LIMIT, cursor };
      return client.call('GET /v1/products', { query, signal });
    },
    [creatorId],
  );
  useEffect(() => {
    document.title = `${studioText('title')} · LiveDrops`;
  }, []);
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
      <PagedList
        of={paged}
        waiting={<div class="waiting studio-waiting" />}
        empty={
          <div class="stack">
            <Empty title={studioText('products.empty.title')}>
              <p>{studioText('products.empty.text')}</p>
            </Empty>
            {!isOpen.value && <NewProduct creatorId={creatorId} />}
          </div>
        }
      >
        {(products) => (
          <ul class="studio-products" role="list">
            {products.map((product) => (
              <li key={product.id}>
                <a class="studio-product" href={`/studio/products/${product.id}`}>
                  <Picture of={product.picture} name={product.name} />
                  <b>{product.name}</b>
                </a>
              </li>
            ))}
          </ul>
        )}
      </PagedList>
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
      <Field name="name" label={studioText('product.name')} maxLength={PRODUCT_NAME_LENGTH_MAX} />
      <Description value="" />
      <Fault of={fault} />
      <p>
        <button class="button button-main" type="submit" aria-disabled={isBusy.value}>
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
