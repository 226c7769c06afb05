// The Moleculer service of `app/search.ts`, on nodes with the role `search`.

import type { ServiceSchema } from 'moleculer';
import type { SearchUseCases } from '../app/search.ts';
import { defineService } from './moleculer/define-service.ts';

export function searchService(search: SearchUseCases): ServiceSchema {
  return defineService('search', {
    find: (params) => search.find(params),
    suggest: (params) => search.suggest(params),
    open: (params) => search.open(params),
    read: (params) => search.read(params),
    close: (params) => search.close(params),
    status: () => search.status(),
    rebuild: () => search.rebuild(),
  });
}
