// Search over products, drops and creators, with suggestions while typing.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Picture, Shown } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client } from '../shared/server.ts';
import { DropCard } from './drop-card.tsx';
import type { SearchItem } from '../shared/types.ts';

const LIMIT = 24;
const SUGGESTIONS = 6;
/** Letters typed one after the other ask once. */
const PAUSE_MS = 120;
const QUERY_LENGTH_MAX = 200;
const TYPES = {
  product: 'search.type.product',
  drop: 'search.type.drop',
  creator: 'search.type.creator',
} as const;

export function Search() {
  const { query, route } = useLocation();
  const q = query['q'] ?? '';
  useEffect(() => {
    document.title = `${text('search.title')} · LiveDrops`;
  }, []);
  return (
    <div class="stack">
      <h1>{text('search.title')}</h1>
      <SearchForm
        key={q}
        q={q}
        onSearch={(words) => route(`/search?q=${encodeURIComponent(words)}`)}
      />
      {q !== '' && <Results key={q} q={q} />}
    </div>
  );
}

function SearchForm({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const typed = useSignal(q);
  const names = useSignal<readonly string[]>([]);
  useEffect(() => {
    const words = typed.value.trim();
    if (words === '' || words === q) return;
    const ended = new AbortController();
    const timer = setTimeout(() => {
      const asked = { query: { q: words, limit: SUGGESTIONS }, signal: ended.signal, triesMax: 1 };
      client.call('GET /v1/search/suggest', asked).then(
        ({ items }) => {
          names.value = [
            ...new Set(items.map(({ name }) => name.map((part) => part.text).join(''))),
          ];
        },
        () => undefined,
      );
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [typed.value]);
  return (
    <form
      class="row"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.value.trim() !== '') onSearch(typed.value.trim());
      }}
    >
      <input
        class="input search-input"
        type="search"
        aria-label={text('search.field')}
        placeholder={text('search.field')}
        list="suggestions"
        maxLength={QUERY_LENGTH_MAX}
        value={typed.value}
        onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
      />
      <datalist id="suggestions">
        {names.value.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <button class="button button-main" type="submit">
        {text('search.go')}
      </button>
    </form>
  );
}

function Results({ q }: { q: string }) {
  const more = useSignal<{
    readonly items: readonly SearchItem[];
    readonly next: string | null;
  } | null>(null);
  const isLoading = useSignal(false);
  const loaded = useLoaded(
    (signal) =>
      client.call('GET /v1/search', { query: { q, limit: LIMIT, counts: false }, signal }),
    [q],
  );
  const showMore = async (cursor: string): Promise<void> => {
    isLoading.value = true;
    try {
      const query = { q, limit: LIMIT, counts: false, cursor };
      const page = await client.call('GET /v1/search', { query });
      more.value = { items: [...(more.value?.items ?? []), ...page.items], next: page.nextCursor };
    } finally {
      isLoading.value = false;
    }
  };
  return (
    <Shown from={loaded} waiting={<div class="picture waiting search-waiting" />}>
      {({ items, corrections, nextCursor }) => {
        const all = [...items, ...(more.value?.items ?? [])];
        const next = more.value === null ? nextCursor : more.value.next;
        if (all.length === 0) return <p role="status">{text('search.none', { q })}</p>;
        return (
          <div class="stack">
            {corrections.map(({ found }) => (
              <p class="soft" key={found}>
                {text('search.corrected', { word: found })}
              </p>
            ))}
            <p class="hidden" role="status">
              {text('search.found', { n: all.length })}
            </p>
            <ul class="cards" role="list">
              {all.map((item) =>
                item.type === 'drop' ? (
                  <DropCard key={item.id} item={item} />
                ) : (
                  <Hit key={item.id} item={item} />
                ),
              )}
            </ul>
            {next !== null && (
              <button
                class="button"
                type="button"
                disabled={isLoading.value}
                onClick={() => void showMore(next)}
              >
                {text('more')}
              </button>
            )}
          </div>
        );
      }}
    </Shown>
  );
}

function Hit({ item }: { item: SearchItem }) {
  const folder = item.type === 'creator' ? 'creators' : 'products';
  return (
    <li>
      <a class="card" href={`/${folder}/${encodeURIComponent(item.id)}`}>
        <Picture of={item.picture} name={item.name} />
        <span class="card-text">
          <span class="soft small">{text(TYPES[item.type])}</span>
          <span class="card-name">{item.name}</span>
          {item.type !== 'creator' && item.creatorName !== '' && (
            <span class="soft small">{text('by', { name: item.creatorName })}</span>
          )}
        </span>
      </a>
    </li>
  );
}
