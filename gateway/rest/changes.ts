// The outside stream over HTTP: everything that happens, one JSON object a line (C1,
// docs/CHANGES.md).

import { changesFor } from '../../app/changes.ts';
import { StreamLine, StreamQuery } from '../../contracts/changes.ts';
import type { OutsideStream } from '../../events/outside/outside-stream.ts';
import { type Route, userRoute, NDJSON_MEDIA_TYPE } from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';

export interface ChangeRoutesOptions {
  readonly stream: OutsideStream;
  readonly slots: StreamSlots;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export function changeRoutes({ stream, slots, now }: ChangeRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'GET',
        path: '/v1/changes',
        summary:
          'Everything that happens, a JSON object a line: operators see all of it, ' +
          'creators what is about their drops, products and followers.',
        tag: 'changes',
        access: 'user',
        action: 'changes.read',
        rateClass: 'reads',
        query: StreamQuery,
        status: 200,
        response: StreamLine,
        responseMediaType: NDJSON_MEDIA_TYPE,
        refusals: ['forbidden', 'position-trimmed', 'overloaded', 'unavailable'],
      },
      async ({ query, caller, tokenExpiresAt, isValid }) => {
        const read = changesFor(caller, query);
        if (!read.ok) return read;
        const slot = slots.take(caller.userId);
        if (!slot.ok) return slot;
        try {
          const chunks = await stream.open({
            ...read.value,
            forMs: tokenExpiresAt * 1000 - now(),
            isAllowed: isValid,
          });
          // Who follows is told the last position when the right to read ends; another reader would
          // take what it has by then for all that there is.
          const cutOff = { isWhole: true, isAllowed: isValid };
          const body = { chunks, close: slot.release, ...(!query.follow && cutOff) };
          return { ok: true, status: 200, mediaType: NDJSON_MEDIA_TYPE, body, headers: [] };
        } catch (error) {
          slot.release();
          throw error;
        }
      },
    ),
  ];
}
