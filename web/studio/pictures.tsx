// Pictures and films of a product: chosen or dropped files are sent, resumed where a connection was
// lost, and set on the product when their sizes are made.

import { useSignal } from '@preact/signals';
import type { Product } from '../../sdk/api.ts';
import { settledMedia, Upload } from '../../sdk/uploads.ts';
import { Fault } from '../shared/components/fault.tsx';
import { client, faultText } from '../shared/server.ts';
import { studioText } from './texts.ts';
import { useWorking } from '../shared/working.ts';

interface PicturesProps {
  readonly product: Product;
  readonly onChange: (product: Product) => void;
}

interface Line {
  readonly key: string;
  readonly said: string;
  readonly isBad: boolean;
}

const TYPES = 'image/jpeg,image/png,image/webp,image/avif,image/gif,video/mp4,video/webm';
/** A product has no more. */
const MEDIA_MAX = 10;

export function Pictures({ product, onChange }: PicturesProps) {
  const lines = useSignal<readonly Line[]>([]);
  const isOver = useSignal(false);
  const { isBusy, fault, run } = useWorking();
  const mediaIds = product.mediaIds ?? [];

  const say = (key: string, said: string, isBad = false): void => {
    const others = lines.value.filter((line) => line.key !== key);
    lines.value = said === '' ? others : [...others, { key, said, isBad }];
  };
  const set = (ids: readonly string[]): Promise<Product> =>
    client.call('PATCH /v1/products/{id}', { path: { id: product.id }, body: { mediaIds: ids } });

  const send = async (file: File): Promise<string | null> => {
    const { name } = file;
    const key = `${name} ${file.lastModified}`;
    try {
      const upload = new Upload({
        client,
        file,
        purpose: 'product',
        onProgress: ({ sent, bytes }) => {
          const percent = bytes === 0 ? 100 : Math.floor((sent / bytes) * 100);
          say(key, studioText('upload.running', { name, percent }));
        },
      });
      const id = await upload.done;
      say(key, studioText('upload.processing', { name }));
      const media = await settledMedia(client, id);
      if (media.status === 'ready') {
        say(key, '');
        return id;
      }
      say(key, studioText('upload.refused', { name, reason: media.reason ?? '' }), true);
    } catch (error) {
      say(key, studioText('upload.failed', { name, reason: faultText(error) }), true);
    }
    return null;
  };
  const add = (files: FileList | null): void => {
    const chosen = [...(files ?? [])].slice(0, MEDIA_MAX - mediaIds.length);
    if (chosen.length === 0) return;
    run(
      async () => {
        const ids = await Promise.all(chosen.map(send));
        const added = ids.filter((id) => id !== null);
        return added.length === 0 ? product : await set([...mediaIds, ...added]);
      },
      (changed) => onChange(changed),
    );
  };

  return (
    <section class="stack">
      <h2>{studioText('product.pictures')}</h2>
      <ul class="studio-pictures" role="list">
        {(product.media ?? []).map((media, i) => (
          <li key={media.id}>
            <img class="picture" src={media.variants[0]?.url} alt="" width="160" height="160" />
            {i > 0 && (
              <button
                class="button studio-earlier"
                type="button"
                aria-disabled={isBusy.value}
                aria-label={studioText('product.pictures.earlier', { n: i + 1 })}
                onClick={() => run(() => set(movedForward(mediaIds, media.id)), onChange)}
              >
                ←
              </button>
            )}
            <button
              class="button studio-remove"
              type="button"
              aria-disabled={isBusy.value}
              aria-label={studioText('product.pictures.remove', { n: i + 1 })}
              onClick={() => run(() => set(mediaIds.filter((id) => id !== media.id)), onChange)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <label
        class={isOver.value ? 'studio-files studio-files-over' : 'studio-files'}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => (isOver.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          isOver.value = false;
          add(event.dataTransfer?.files ?? null);
        }}
      >
        <span>{studioText('product.pictures.add')}</span>
        <input
          class="hidden"
          type="file"
          multiple
          accept={TYPES}
          disabled={mediaIds.length >= MEDIA_MAX}
          aria-disabled={isBusy.value}
          onClick={(event) => isBusy.value && event.preventDefault()}
          onChange={({ currentTarget }) => {
            add(currentTarget.files);
            currentTarget.value = '';
          }}
        />
      </label>
      <div class="stack">
        {lines.value.map(({ key, said, isBad }) => (
          <p
            key={key}
            class={isBad ? 'notice notice-bad' : 'soft'}
            role={isBad ? 'alert' : undefined}
          >
            {said}
          </p>
        ))}
      </div>
      <Fault of={fault} />
    </section>
  );
}

/** The same ids, with this one before the one that it follows. */
function movedForward(ids: readonly string[], id: string): readonly string[] {
  const at = ids.indexOf(id);
  return at < 1 ? ids : [...ids.slice(0, at - 1), id, ids[at - 1]!, ...ids.slice(at + 1)];
}
