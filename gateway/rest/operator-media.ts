// The operators' routes to pictures and films (M1).

import { type Media, MediaBody } from '../../contracts/media.ts';
import { MediaRemoval } from '../../contracts/media-removal.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import type { MediaUrls } from '../media-urls.ts';
import { operatorRoute } from './operator-route.ts';

export function operatorMediaRoutes({ urls }: { readonly urls: MediaUrls }): Route[] {
  /** URLs are signed where it may be private; whether it is so now is not looked up. */
  const body = (media: Media) => {
    const { visibility: _, ...shown } = urls.media(media);
    return shown;
  };
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'media/{id}', ['not-found']),
        summary: 'A picture or a film of anybody.',
        response: MediaBody,
      },
      async ({ call, caller, id: mediaId }) => {
        const media = await call('operator.getMedia', { caller, mediaId });
        return media.ok ? jsonReply(200, body(media.value)) : media;
      },
    ),
    userRoute(
      {
        ...operatorRoute('DELETE', 'media/{id}', ['not-found']),
        summary: 'Remove a picture or a film of anybody, also one in use. The answer is as it was.',
        query: MediaRemoval,
        response: MediaBody,
      },
      async ({ call, caller, id: mediaId, query }) => {
        const removed = await call('operator.removeMedia', { ...query, caller, mediaId });
        return removed.ok ? jsonReply(200, body(removed.value)) : removed;
      },
    ),
  ];
}
