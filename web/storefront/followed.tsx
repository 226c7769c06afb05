// On the home page: the creators whom the user follows, the newest first.

import { Picture } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client } from '../shared/server.ts';

const SHOWN_MAX = 8;

/**
 * Nothing where nobody is followed, or it cannot be read now: the drops are what the page is for.
 */
export function Followed({ userId }: { userId: string }) {
  const loaded = useLoaded(
    (signal) => {
      const query = { limit: SHOWN_MAX };
      return client.call('GET /v1/users/{id}/following', { path: { id: userId }, query, signal });
    },
    [userId],
  );
  const state = loaded.state.value;
  if (state.is !== 'ready' || state.value.items.length === 0) return null;
  return (
    <section class="stack">
      <h2>{text('home.followed')}</h2>
      <ul class="row" role="list">
        {state.value.items.map(({ userId: id, name }) => (
          <li key={id}>
            <a class="row followed" href={`/creators/${encodeURIComponent(id)}`}>
              <span class="creator-picture">
                <Picture of={undefined} name={name} />
              </span>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
