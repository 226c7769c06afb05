// One product: its text, its pictures, its drops, and a form to announce the next one.

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { PRODUCT_NAME_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { Drop, Product } from '../../sdk/api.ts';
import { valuesOf } from '../shared/components/log-in.tsx';
import { Fault } from '../shared/components/fault.tsx';
import { StatusBadge } from '../shared/components/status-badge.tsx';
import { momentText } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { priceText } from '../shared/money.ts';
import { client, serverNow } from '../shared/server.ts';
import { Description } from './home.tsx';
import { Pictures } from './pictures.tsx';
import { ScheduleForm } from './schedule/schedule-form.tsx';
import { ShownView } from './shown-view.tsx';
import { studioText } from './texts.ts';
import { useWorking } from '../shared/working.ts';

export function ProductView({ id }: { id: string }) {
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
  return (
    <ShownView from={loaded} title={studioText('product.title')}>
      {({ product, drops }) => <Editor key={product.id} product={product} drops={drops} />}
    </ShownView>
  );
}

function Editor({ product: loaded, drops }: { product: Product; drops: readonly Drop[] }) {
  const product = useSignal(loaded);
  const { isBusy, fault, run } = useWorking();
  const isSaved = useSignal(false);
  const { name, description } = product.value;
  useEffect(() => {
    document.title = `${name} · ${studioText('title')}`;
  }, [name]);
  const path = { id: loaded.id };
  return (
    <div class="studio-columns">
      <div class="stack stack-l">
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            const [newName = '', text = ''] = valuesOf(event.currentTarget, 'name', 'description');
            run(
              () =>
                client.call('PATCH /v1/products/{id}', {
                  path,
                  body: { name: newName, description: text },
                }),
              (changed) => {
                product.value = changed;
                isSaved.value = true;
              },
            );
          }}
          onInput={() => (isSaved.value = false)}
        >
          <h1>{name}</h1>
          <div class="field">
            <label for="name">{studioText('product.name')}</label>
            <input
              class="input"
              id="name"
              name="name"
              required
              maxLength={PRODUCT_NAME_LENGTH_MAX}
              defaultValue={name}
            />
          </div>
          <Description value={description} />
          <Fault of={fault} />
          <p class="row">
            <button class="button" type="submit" aria-disabled={isBusy.value}>
              {studioText('product.save')}
            </button>
            <span role="status">{isSaved.value && studioText('product.saved')}</span>
          </p>
        </form>
        <Pictures product={product.value} onChange={(changed) => (product.value = changed)} />
        <section class="stack">
          <h2>{studioText('drops.title')}</h2>
          {drops.length === 0 && <p class="soft">{studioText('drops.none')}</p>}
          <ul class="stack" role="list">
            {drops.map((drop) => (
              <li key={drop.id}>
                <a class="panel row row-apart studio-line" href={`/studio/drops/${drop.id}`}>
                  <StatusBadge drop={drop} />
                  <span>{momentText(drop.startsAt, serverNow())}</span>
                  <b class="number">{priceText(drop.unitAmount, drop.currency)}</b>
                </a>
              </li>
            ))}
          </ul>
        </section>
      </div>
      <ScheduleForm product={product.value} />
    </div>
  );
}
