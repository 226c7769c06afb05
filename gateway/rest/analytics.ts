// The routes of analytics (L2): of a drop and of a creator, for those who act for the creator and
// for operators; and of the whole store, for operators. Each as JSON, and its points as a file.

import {
  type Analytics,
  AnalyticsBody,
  AnalyticsExportQuery,
  type AnalyticsFormat,
  AnalyticsPointBody,
  AnalyticsQuery,
  type AnalyticsRange,
  DropAnalyticsBody,
} from '../../contracts/analytics.ts';
import type { ActionOutcome } from '../../contracts/actions.ts';
import type { Static } from 'typebox';
import { analyticsFile, PARQUET_MEDIA_TYPE } from '../analytics/analytics-file.ts';
import {
  jsonReply,
  NDJSON_MEDIA_TYPE,
  type Reply,
  type Route,
  type RouteResult,
  userRoute,
} from '../http/route.ts';
import { analyticsBody, dropAnalyticsBody } from '../present.ts';
import { CSV_MEDIA_TYPE } from './drop-orders.ts';
import { operatorRoute } from './operator-route.ts';

const DROP = '/v1/drops/{id}/analytics';
const CREATOR = '/v1/creators/{id}/analytics';
const READS = {
  method: 'GET',
  tag: 'analytics',
  access: 'user',
  rateClass: 'reads',
  action: 'analytics.read',
  status: 200,
  refusals: ['not-found', 'forbidden', 'unavailable'],
} as const;
const AS_JSON = { query: AnalyticsQuery, response: AnalyticsBody } as const;
const AS_FILE = {
  query: AnalyticsExportQuery,
  response: AnalyticsPointBody,
  responseMediaType: NDJSON_MEDIA_TYPE,
  otherMediaTypes: { [CSV_MEDIA_TYPE]: null, [PARQUET_MEDIA_TYPE]: null },
} as const;

export function analyticsRoutes(): Route[] {
  return [...dropRoutes(), ...creatorRoutes(), ...allRoutes()];
}

function dropRoutes(): Route[] {
  return [
    userRoute(
      {
        ...READS,
        path: DROP,
        summary: 'What was sold and seen of a drop, for its creator and operators.',
        query: AnalyticsQuery,
        response: DropAnalyticsBody,
      },
      async ({ call, caller, id: dropId, query }) => {
        const read = await call('analytics.ofDrop', { caller, dropId, range: rangeOf(query) });
        return read.ok ? jsonReply(200, dropAnalyticsBody(read.value)) : read;
      },
    ),
    userRoute(
      {
        ...READS,
        ...AS_FILE,
        path: `${DROP}/export`,
        summary: 'The same as a file, a row for each step: CSV, NDJSON or Parquet.',
      },
      async ({ call, caller, id: dropId, query }) =>
        fileReply(
          `drop-${dropId}`,
          query.format,
          await call('analytics.ofDrop', { caller, dropId, range: rangeOf(query) }),
        ),
    ),
  ];
}

function creatorRoutes(): Route[] {
  return [
    userRoute(
      {
        ...READS,
        ...AS_JSON,
        path: CREATOR,
        idsOfUsers: ['id'],
        summary: 'What was sold and seen of all drops of a creator, for the creator and operators.',
      },
      async ({ call, caller, id: creatorId, query }) => {
        const range = rangeOf(query);
        return shown(await call('analytics.ofCreator', { caller, creatorId, range }));
      },
    ),
    userRoute(
      {
        ...READS,
        ...AS_FILE,
        path: `${CREATOR}/export`,
        idsOfUsers: ['id'],
        summary: 'The same as a file, a row for each step: CSV, NDJSON or Parquet.',
      },
      async ({ call, caller, id: creatorId, query }) => {
        const range = rangeOf(query);
        const read = await call('analytics.ofCreator', { caller, creatorId, range });
        return fileReply('creator', query.format, read);
      },
    ),
  ];
}

function allRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'analytics'),
        ...AS_JSON,
        summary: 'What was sold and seen of all drops.',
      },
      async ({ call, caller, query }) =>
        shown(await call('analytics.ofAll', { caller, range: rangeOf(query) })),
    ),
    userRoute(
      {
        ...operatorRoute('GET', 'analytics/export'),
        ...AS_FILE,
        summary: 'The same as a file, a row for each step: CSV, NDJSON or Parquet.',
      },
      async ({ call, caller, query }) =>
        fileReply(
          'all',
          query.format,
          await call('analytics.ofAll', { caller, range: rangeOf(query) }),
        ),
    ),
  ];
}

function rangeOf({ from, to, step }: Static<typeof AnalyticsQuery>): AnalyticsRange {
  return {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
    ...(step !== undefined && { step }),
  };
}

function shown(read: ActionOutcome<'analytics.ofCreator'>): RouteResult {
  return read.ok ? jsonReply(200, analyticsBody(read.value)) : read;
}

function fileReply(
  name: string,
  format: AnalyticsFormat = 'csv',
  read: ActionOutcome<'analytics.ofCreator'>,
): RouteResult {
  return read.ok ? reply(name, format, read.value) : read;
}

const MEDIA_TYPES: Readonly<Record<AnalyticsFormat, string>> = {
  csv: CSV_MEDIA_TYPE,
  ndjson: NDJSON_MEDIA_TYPE,
  parquet: PARQUET_MEDIA_TYPE,
};

function reply(name: string, format: AnalyticsFormat, analytics: Analytics): Reply {
  const file = `analytics-${name}-${analytics.step}.${format}`;
  return {
    ok: true,
    status: 200,
    mediaType: MEDIA_TYPES[format],
    body: analyticsFile(format, analytics.points),
    headers: [['content-disposition', `attachment; filename="${file}"`]],
  };
}
