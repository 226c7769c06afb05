// Search over products, drops and creators, with suggestions while typing.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { SEARCH_TEXT_LENGTH_MAX } from '../../contracts/bounds.ts';
import { PagedList } from '../shared/components/paged-list.tsx';
import { Picture } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { usePaged } from '../shared/paged.ts';
import { client } from '../shared/server.ts';
import { DropCard } from './drop-card.tsx';
import type { SearchItem } from '../shared/types.ts';

const LIMIT = 24;
const SUGGESTIONS = 6;
/** Letters typed one after the other ask once. */
const PAUSE_MS = 120;
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
      <SearchForm q={q} onSearch={(words) => route(`/search?q=${encodeURIComponent(words)}`)} />
      {q !== '' && <Results key={q} q={q} />}
    </div>
  );
}

function SearchForm({ q, onSearch }: { q: string; onSearch: (q: string) => void }) {
  const typed = useSignal(q);
  const names = useSignal<readonly string[]>([]);
  useEffect(() => {
    typed.value = q;
  }, [q]);
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
        maxLength={SEARCH_TEXT_LENGTH_MAX}
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
  const paged = usePaged(
    (cursor, signal) => {
      const query = { q, limit: LIMIT, counts: false, cursor };
      return client.call('GET /v1/search', { query, signal });
    },
    [q],
  );
  return (
    <PagedList
      of={paged}
      waiting={<div class="picture waiting search-waiting" />}
      empty={<p role="status">{text('search.none', { q })}</p>}
    >
      {(items, { corrections }) => (
        <>
          {corrections.map(({ word, found }) => (
            <p class="soft" key={found}>
              {text('search.corrected', { word, found })}
            </p>
          ))}
          <p class="hidden" role="status">
            {text('search.found', { n: items.length })}
          </p>
          <ul class="cards" role="list">
            {items.map((item) =>
              item.type === 'drop' ? (
                <DropCard key={item.id} item={item} />
              ) : (
                <Hit key={item.id} item={item} />
              ),
            )}
          </ul>
        </>
      )}
    </PagedList>
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
