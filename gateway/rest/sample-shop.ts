// The routes by which the page of an empty server offers a sample shop (decision 112). They are for
// who is on the machine itself: everybody else is offered nothing.

import type { Outcome } from '../../contracts/refusals.ts';
import { NewSampleShop, SampleShop, SampleShopOffer } from '../../contracts/sample-shop.ts';
import { problem } from '../http/problems.ts';
import { jsonReply, route, type Route } from '../http/route.ts';

export interface SampleShops {
  isOffered(): Promise<boolean>;
  /** Refuses `already-running`; `too-many` where there is a drop. */
  make(): Promise<Outcome<SampleShop>>;
}

const PATH = '/v1/sample-shop';

/** `shops` null: this server never makes one. */
export function sampleShopRoutes(shops: SampleShops | null): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: PATH,
        summary: 'Whether a sample shop can be made.',
        tag: 'system',
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: SampleShopOffer,
        refusals: [],
      },
      async ({ isLocal }) =>
        jsonReply(200, { isOffered: isLocal && shops !== null && (await shops.isOffered()) }),
    ),
    route(
      {
        method: 'POST',
        path: PATH,
        summary: 'Make a sample shop: creators, products with pictures, drops that are live.',
        tag: 'system',
        access: 'public',
        rateClass: 'writes',
        body: NewSampleShop,
        status: 201,
        response: SampleShop,
        refusals: ['forbidden', 'already-running', 'too-many', 'unavailable'],
      },
      async ({ isLocal }) => {
        if (!isLocal || shops === null)
          return problem('forbidden', 'This server makes no sample shop for you.');
        const made = await shops.make();
        return made.ok ? jsonReply(201, made.value) : made;
      },
    ),
  ];
}
