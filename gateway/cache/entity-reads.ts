// The cached reads of single products and profiles, which REST and GraphQL share: under the same
// keys, so that either one finds what the other has loaded.

import type { PublicProfile } from '../../contracts/accounts.ts';
import type { Product } from '../../contracts/products.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { productBody, profileBody } from '../present.ts';
import type { CachedReply } from './cached-reply.ts';
import { TAGS } from './public-reads.ts';

export function productRead(
  id: string,
  load: () => Promise<Outcome<Product>>,
): CachedReply<Product> {
  return {
    kind: 'products',
    key: `/v1/products/${id}`,
    tags: [TAGS.product(id)],
    load,
    present: productBody,
    about: ({ creatorId, revision }) => {
      const tags = [TAGS.creator(creatorId)];
      return { tags, version: revision, etag: `W/"${revision}"` };
    },
  };
}

export function profileRead(
  id: string,
  load: () => Promise<Outcome<PublicProfile>>,
): CachedReply<PublicProfile> {
  return {
    kind: 'profiles',
    key: `/v1/users/${encodeURIComponent(id)}`,
    tags: [TAGS.user(id), TAGS.creator(id)],
    load,
    present: profileBody,
  };
}
