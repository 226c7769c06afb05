// The Moleculer service of `app/bans.ts`.

import type { ServiceSchema } from 'moleculer';
import { Bans, type BansOptions } from '../app/bans.ts';
import { defineService } from './moleculer/define-service.ts';

export function bansService(options: BansOptions): ServiceSchema {
  const bans = new Bans(options);
  return defineService('bans', {
    put: (params) => bans.put(params),
    lift: (params) => bans.lift(params),
    list: (params) => bans.list(params),
  });
}
