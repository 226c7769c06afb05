// The Moleculer service of `app/drops.ts` for creators. Public reads are in `catalogue.ts`.

import type { ServiceSchema } from 'moleculer';
import { Drops, type DropsOptions } from '../app/drops.ts';
import { defineService } from './moleculer/define-service.ts';

export function dropsService(options: DropsOptions): ServiceSchema {
  const drops = new Drops(options);
  return defineService('drops', {
    create: (params) => drops.create(params),
    amend: (params) => drops.amend(params),
    cancel: (params) => drops.cancel(params),
    pause: (params) => drops.pause(params),
    resume: (params) => drops.resume(params),
  });
}
