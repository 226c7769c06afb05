// Names of buyers. Orders have ids alone: names are read once for each buyer, a few at a time.

import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { client } from '../../shared/server.ts';

const NAMES_MAX = 2_000;
const AT_ONCE = 4;

/** By user id. Who has no profile here, such as a user of the creator's own system, has the id. */
const names = signal<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();

export function nameOf(userId: string): string {
  return names.value.get(userId) ?? userId;
}

/** Reads the names of these users that are not known. */
export function useNames(userIds: readonly string[]): void {
  const wanted = [...new Set(userIds)];
  useEffect(() => {
    const unknown = wanted.filter((id) => !asked.has(id));
    if (asked.size > NAMES_MAX) {
      asked.clear();
      names.value = new Map();
    }
    for (const id of unknown) asked.add(id);
    const read = async (): Promise<void> => {
      for (let id = unknown.shift(); id !== undefined; id = unknown.shift()) {
        const path = { id };
        const profile = await client.call('GET /v1/users/{id}', { path }).catch(() => null);
        if (profile !== null) names.value = new Map([...names.value, [id, profile.name]]);
      }
    };
    for (let i = 0; i < AT_ONCE; i++) void read();
  }, [wanted.join()]);
}
