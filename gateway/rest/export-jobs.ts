// The routes of exports by jobs (O9a): ask for one, and fetch its file once it is made.

import type { ExportDownload, ExportDownloads } from '../../app/jobs/export-downloads.ts';
import { JobBody, NewExport } from '../../contracts/jobs.ts';
import { ExportLine } from '../../contracts/orders.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { jobBody } from '../present.ts';
import { NDJSON_MEDIA_TYPE } from './changes.ts';
import { CSV_MEDIA_TYPE, exportReply } from './drop-orders.ts';

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
        const queued = await call('jobs.exportOrders', { caller, dropId, wanted, request });
        if (!queued.ok) return queued;
        const location = `/v1/jobs/${queued.value.id}`;
        return jsonReply(202, jobBody(queued.value), [['location', location]]);
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
      otherMediaTypes: [CSV_MEDIA_TYPE],
      refusals: ['not-found', 'export-not-done', 'overloaded', 'unavailable'],
    },
    async ({ caller, id: jobId, isValid }) => {
      const slot = slots.take(caller.userId);
      if (!slot.ok) return slot;
      let opened: Outcome<ExportDownload> | null = null;
      try {
        opened = await downloads.open(caller, jobId);
      } finally {
        if (opened?.ok !== true) slot.release();
      }
      if (!opened.ok) return opened;
      const { chunks } = opened.value;
      const body = { chunks, isWhole: true, isAllowed: isValid, close: slot.release };
      return exportReply(opened.value, body);
    },
  );
}
