// The Moleculer service of `app/passes/passes.ts`.

import type { ServiceSchema } from 'moleculer';
import { Passes, type PassesOptions } from '../app/passes/passes.ts';
import { defineService } from './moleculer/define-service.ts';

export function passesService(options: PassesOptions): ServiceSchema {
  const passes = new Passes(options);
  return defineService('passes', { make: (params) => passes.make(params) });
}
