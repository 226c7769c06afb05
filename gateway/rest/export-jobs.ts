// The routes of exports by jobs (O9a): ask for one, and fetch its file once it is made.

import type { ExportDownloads } from '../../app/jobs/export-downloads.ts';
import { JobBody, NewExport } from '../../contracts/jobs.ts';
import { ExportLine } from '../../contracts/orders.ts';
import { type Route, userRoute, NDJSON_MEDIA_TYPE } from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { CSV_MEDIA_TYPE, exportReply } from './drop-orders.ts';
import { fileReply, queuedReply } from './job-files.ts';

const TAG = 'jobs';

export interface ExportJobRoutesOptions {
  /** Null: files are not served here. */
  readonly downloads: ExportDownloads | null;
  readonly exportSlots: StreamSlots;
}

export function exportJobRoutes({ downloads, exportSlots }: ExportJobRoutesOptions): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/drops/{id}/exports',
        summary:
          'Export all orders of a drop to a file by a job, for its creator and operators; ' +
          '`GET /v1/exports/{id}` with the job’s id has the file, for 7 days.',
        tag: TAG,
        access: 'user',
        action: 'jobs.exportOrders',
        rateClass: 'writes',
        keyed: true,
        body: NewExport,
        status: 202,
        response: JobBody,
        refusals: ['not-found', 'forbidden', 'too-many', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: dropId, body: wanted, request }) => {
        return queuedReply(await call('jobs.exportOrders', { caller, dropId, wanted, request }));
      },
    ),
    ...(downloads === null ? [] : [downloadRoute(downloads, exportSlots)]),
  ];
}

function downloadRoute(downloads: ExportDownloads, slots: StreamSlots): Route {
  return userRoute(
    {
      method: 'GET',
      path: '/v1/exports/{id}',
      summary: 'The file of an export by a job, for the drop’s creator and operators.',
      tag: TAG,
      access: 'user',
      action: 'exports.read',
      rateClass: 'reads',
      status: 200,
      response: ExportLine,
      responseMediaType: NDJSON_MEDIA_TYPE,
      otherMediaTypes: { [CSV_MEDIA_TYPE]: null },
      refusals: ['not-found', 'export-not-done', 'overloaded', 'unavailable'],
    },
    ({ caller, id: jobId, isValid: isAllowed }) =>
      fileReply(
        slots,
        caller.userId,
        () => downloads.open(caller, jobId),
        (file, close) => {
          const { chunks } = file;
          return exportReply(file, { chunks, isWhole: true, isAllowed, close });
        },
      ),
  );
}
