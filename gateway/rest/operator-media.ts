// The operators' routes to pictures and films (M1). URLs are paths at the media origin.

import { MediaBody } from '../../contracts/media.ts';
import { MediaRemoval } from '../../contracts/media-removal.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import { mediaBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';

export function operatorMediaRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'media/{id}', ['not-found']),
        summary: 'A picture or a film of anybody.',
        response: MediaBody,
      },
      async ({ call, caller, id: mediaId }) => {
        const media = await call('operator.getMedia', { caller, mediaId });
        return media.ok ? jsonReply(200, mediaBody(media.value)) : media;
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
        return removed.ok ? jsonReply(200, mediaBody(removed.value)) : removed;
      },
    ),
  ];
}
