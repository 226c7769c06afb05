// The routes of passes (D9): a few in the answer, or many in a file that a job writes.

import type { ExportDownloads, PassesDownload } from '../../app/jobs/export-downloads.ts';
import { JobBody } from '../../contracts/jobs.ts';
import {
  MadePass,
  MadePasses,
  NewPasses,
  NewPassesBody,
  NewPassList,
  NewPassListBody,
} from '../../contracts/passes.ts';
import { reader } from '../../contracts/wire.ts';
import { jsonReply, type Reply, type Route, userRoute, NDJSON_MEDIA_TYPE } from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { CSV_MEDIA_TYPE } from './drop-orders.ts';
import { fileReply, queuedReply } from './job-files.ts';

const TAG = 'passes';
/** Who has a pass may use it. */
const PRIVATE = ['cache-control', 'private, no-store'] as const;

const newPasses = reader(NewPasses);
const newPassList = reader(NewPassList);

export interface PassRoutesOptions {
  /** Null: files are not served here. */
  readonly downloads: ExportDownloads | null;
  readonly exportSlots: StreamSlots;
}

export function passRoutes({ downloads, exportSlots }: PassRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/drops/{id}/passes',
        summary: 'Make passes of a drop, up to a thousand, for its creator and operators.',
        tag: TAG,
        access: 'user',
        action: 'passes.make',
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        keyed: true,
        body: NewPassesBody,
        status: 201,
        response: MadePasses,
        refusals: ['not-found', 'forbidden', 'drop-ended', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: dropId, body, request }) => {
        const made = await call('passes.make', {
          caller,
          dropId,
          passes: newPasses(body),
          request,
        });
        return made.ok ? jsonReply(201, made.value, [PRIVATE]) : made;
      },
    ),
    userRoute(
      {
        method: 'POST',
        path: '/v1/drops/{id}/pass-lists',
        summary:
          'Have a job make many passes of a drop, also for all followers; ' +
          '`GET /v1/pass-lists/{id}` with the job’s id has the file, for 7 days.',
        tag: TAG,
        access: 'user',
        action: 'jobs.makePasses',
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        keyed: true,
        body: NewPassListBody,
        status: 202,
        response: JobBody,
        refusals: ['not-found', 'forbidden', 'drop-ended', 'too-many', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: dropId, body, request }) => {
        const wanted = newPassList(body);
        return queuedReply(await call('jobs.makePasses', { caller, dropId, wanted, request }));
      },
    ),
    ...(downloads === null ? [] : [downloadRoute(downloads, exportSlots)]),
  ];
}

function downloadRoute(downloads: ExportDownloads, slots: StreamSlots): Route {
  return userRoute(
    {
      method: 'GET',
      path: '/v1/pass-lists/{id}',
      summary: 'The file of passes that a job made, for the drop’s creator and operators.',
      tag: TAG,
      access: 'user',
      action: 'passes.read',
      rateClass: 'reads',
      status: 200,
      response: MadePass,
      responseMediaType: NDJSON_MEDIA_TYPE,
      otherMediaTypes: { [CSV_MEDIA_TYPE]: null },
      refusals: ['not-found', 'export-not-done', 'overloaded', 'unavailable'],
    },
    ({ caller, id: jobId, isValid }) =>
      fileReply(
        slots,
        caller.userId,
        () => downloads.openPasses(caller, jobId),
        (file, close) => passListReply(file, isValid, close),
      ),
  );
}

function passListReply(
  { dropId, format, passes, chunks }: PassesDownload,
  isAllowed: () => boolean,
  close: () => void,
): Reply {
  return {
    ok: true,
    status: 200,
    mediaType: format === 'csv' ? CSV_MEDIA_TYPE : NDJSON_MEDIA_TYPE,
    body: { chunks, isWhole: true, isAllowed, close },
    headers: [
      ['content-disposition', `attachment; filename="passes-${dropId}.${format}"`],
      ['pass-count', String(passes)],
      PRIVATE,
    ],
  };
}
