// The cached reads of single products and profiles, which REST and GraphQL share: under the same
// keys, so that either one finds what the other has loaded.

import type { PublicProfile } from '../../contracts/accounts.ts';
import type { ProductView } from '../../contracts/products.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { MediaUrls } from '../media-urls.ts';
import type { CachedReply } from './cached-reply.ts';
import { TAGS } from './public-reads.ts';

export function productKey(id: string): string {
  return `/v1/products/${id}`;
}

export function productRead(
  id: string,
  load: () => Promise<Outcome<ProductView>>,
  urls: MediaUrls,
): CachedReply<ProductView> {
  return {
    kind: 'products',
    key: productKey(id),
    tags: [TAGS.product(id)],
    load,
    present: urls.product,
    about: ({ creatorId, revision, mediaIds, picture }) => {
      const about = {
        tags: [TAGS.creator(creatorId)],
        version: revision,
        ...(picture !== undefined && { picture: urls.publicPicture(picture) }),
      };
      // Media get ready and public within one revision: the tag is that of the body.
      return mediaIds === undefined ? { ...about, etag: `W/"${revision}"` } : about;
    },
  };
}

export function profileRead(
  id: string,
  load: () => Promise<Outcome<PublicProfile>>,
  urls: MediaUrls,
): CachedReply<PublicProfile> {
  return {
    kind: 'profiles',
    key: `/v1/users/${encodeURIComponent(id)}`,
    tags: [TAGS.user(id), TAGS.creator(id)],
    load,
    present: urls.profile,
  };
}
