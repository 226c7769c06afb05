// The Moleculer service of `app/media.ts`.

import type { ServiceSchema } from 'moleculer';
import { type MediaOptions, MediaUseCases } from '../app/media.ts';
import { defineService } from './moleculer/define-service.ts';

export function mediaService(options: MediaOptions): ServiceSchema {
  const media = new MediaUseCases(options);
  return defineService('media', {
    add: (params) => media.add(params),
    get: (params) => media.get(params),
    view: (params) => media.view(params),
    anyPublic: (params) => media.anyPublic(params),
    upload: (params) => media.upload(params),
    remove: (params) => media.remove(params),
    received: (params) => media.received(params),
    settle: (params) => media.settle(params),
    expire: (params) => media.expire(params),
    sweep: () => media.sweep(),
    lock: (params) => media.lock(params),
    unlock: (params) => media.unlock(params),
  });
}
