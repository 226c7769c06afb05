// The Moleculer service of `app/sellers.ts`.

import type { ServiceSchema } from 'moleculer';
import { Sellers, type SellersOptions } from '../app/sellers.ts';
import { defineService } from './moleculer/define-service.ts';

export function sellersService(options: SellersOptions): ServiceSchema {
  const sellers = new Sellers(options);
  return defineService('sellers', {
    list: (params) => sellers.list(params),
    get: (params) => sellers.get(params),
    change: (params) => sellers.change(params),
    takeDowns: (params) => sellers.takeDowns(params),
    takeDown: (params) => sellers.takeDown(params),
    restore: (params) => sellers.restore(params),
  });
}
