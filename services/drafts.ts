// The Moleculer service of `app/drafts.ts`.

import type { ServiceSchema } from 'moleculer';
import { DraftUseCases, type DraftUseCasesOptions } from '../app/drafts.ts';
import { defineService } from './moleculer/define-service.ts';

export function draftsService(options: DraftUseCasesOptions): ServiceSchema {
  const drafts = new DraftUseCases(options);
  return defineService('drafts', {
    add: (params) => drafts.add(params),
    get: (params) => drafts.get(params),
    list: (params) => drafts.list(params),
    announce: (params) => drafts.announce(params),
    remove: (params) => drafts.remove(params),
  });
}
