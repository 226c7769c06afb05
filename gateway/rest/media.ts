// The routes of pictures and films (M1): on the API what they are, and for the media origin, whose
// process has no accounts of its own, who may upload.

import { CALLER, Media, MediaBody, NewMedia, UploadPlace } from '../../contracts/media.ts';
import { refusal } from '../../domain/refusal.ts';
import { emptyReply, jsonReply, route, type Route, userRoute } from '../http/route.ts';
import type { MediaUrls } from '../media-urls.ts';

const TAG = 'media';

const PRIVATE = ['cache-control', 'private, no-store'] as const;

export function mediaRoutes({ urls }: { readonly urls: MediaUrls }): Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/v1/uploads',
        summary: 'Where pictures and films are uploaded to.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: UploadPlace,
        refusals: ['unavailable'],
        cache: 'no-cache',
      },
      () => {
        const base = urls.origin;
        if (base === null) return refusal('unavailable', 'There is no media process now.');
        return jsonReply(200, { url: `${base}/v1/uploads` });
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/media/{id}',
        summary:
          'A picture or a film: whether it is ready, and its variants. While it is private, for ' +
          'its owner, with signed URLs.',
        tag: TAG,
        access: 'public',
        knowsUsers: true,
        action: 'media.upload',
        rateClass: 'reads',
        status: 200,
        response: MediaBody,
        refusals: ['not-found', 'unavailable'],
        cache: 'no-cache',
      },
      async ({ call, id, header, identify }) => {
        let media = await call('media.view', { caller: null, mediaId: id });
        if (!media.ok && media.code === 'not-found' && header('authorization') !== '') {
          const caller = await identify();
          if (!caller.ok) return caller;
          media = await call('media.view', { caller, mediaId: id });
        }
        if (!media.ok) return media;
        const headers = media.value.visibility === 'private' ? [PRIVATE] : [];
        return jsonReply(200, urls.media(media.value), headers);
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: '/v1/media/{id}',
        summary: 'Remove a picture or a film of one’s own.',
        tag: TAG,
        access: 'user',
        action: 'media.remove',
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', 'forbidden', 'media-in-use', 'unavailable'],
      },
      async ({ call, caller, id }) => {
        const removed = await call('media.remove', { caller, mediaId: id });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}

/** What the media process asks on behalf of its callers. Not served to them here. */
export function uploadRoutes(): Route[] {
  const upload = {
    path: '/v1/uploads/{id}',
    tag: TAG,
    access: 'user',
    action: 'media.upload',
    refusesBanned: 'everywhere',
    response: Media,
    refusals: ['not-found', 'forbidden', 'unavailable'],
  } as const;
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/creators/{id}/uploads',
        idsOfUsers: ['id'],
        summary: 'Begin an upload.',
        tag: TAG,
        access: 'user',
        action: 'media.add',
        refusesBanned: 'everywhere',
        rateClass: 'writes',
        keyed: true,
        body: NewMedia,
        status: 201,
        response: Media,
        refusals: ['forbidden', 'media-too-large', 'media-quota', 'too-many', 'unavailable'],
      },
      async ({ call, caller, id: ownerId, body: media, request }) => {
        const owner = ownerId === CALLER ? caller.userId : ownerId;
        const added = await call('media.add', { caller, ownerId: owner, media, request });
        return added.ok ? jsonReply(201, added.value) : added;
      },
    ),
    userRoute(
      {
        ...upload,
        method: 'GET',
        summary: 'Whether the caller may go on with the upload.',
        // Pieces of a large upload come faster than people read.
        rateClass: null,
        status: 200,
      },
      async ({ call, caller, id }) => {
        const media = await call('media.upload', { caller, mediaId: id });
        return media.ok ? jsonReply(200, media.value) : media;
      },
    ),
    userRoute(
      {
        ...upload,
        method: 'DELETE',
        summary: 'End an upload.',
        action: 'media.remove',
        rateClass: 'writes',
        status: 204,
        refusals: [...upload.refusals, 'media-in-use'],
      },
      async ({ call, caller, id }) => {
        const removed = await call('media.remove', { caller, mediaId: id });
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}
