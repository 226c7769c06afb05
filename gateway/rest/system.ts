// The routes that monitor and describe the process: health, readiness, metrics, OpenAPI and
// AsyncAPI, and the pages of the documentation (X4, H9, G5).

import { Registry } from 'prom-client';
import { asyncApiDocument } from '../http/asyncapi.ts';
import { openApiDocument } from '../http/openapi.ts';
import { refuseStrangers } from '../http/operator-access.ts';
import { JSON_MEDIA_TYPE, jsonReply, route, type Route, textReply } from '../http/route.ts';
import { Exposition } from '../metrics/exposition.ts';
import type { MetricSources } from '../metrics/metric-sources.ts';
import { Health, Readiness } from '../../contracts/system.ts';
import { docsRoutes } from './docs.ts';

const TAG = 'system';

export interface SystemRoutesOptions {
  readonly readiness: () => Readiness;
  readonly metrics: Registry;
  /** What gateway threads counted, to be added; undefined where there are none. */
  readonly threads: MetricSources['gatewayThreads'];
  readonly version: string;
  /** Whether the GraphQL schema may be asked for. */
  readonly introspection: boolean;
  /** The port of the operators' address; null where there is none. */
  readonly operatorPort: () => number | null;
  /**
   * The routes to describe, including these. Called once, at the first request for the description.
   */
  readonly routes: () => readonly Route[];
}

export function systemRoutes(options: SystemRoutesOptions): Route[] {
  const { readiness, metrics, threads, version, introspection, operatorPort, routes } = options;
  const exposition = new Exposition(metrics, threads);
  let description: string | null = null;
  let streams: string | null = null;
  const describeStreams = () =>
    asyncApiDocument(version, (address) =>
      routes().some(({ definition }) => definition.path === address),
    );
  const system = {
    method: 'GET',
    tag: TAG,
    access: 'public',
    rateClass: null,
    refusals: [],
  } as const;
  return [
    route(
      {
        ...system,
        path: '/healthz',
        summary: 'The process is alive.',
        status: 200,
        response: Health,
      },
      () => jsonReply(200, { status: 'ok' }),
    ),
    route(
      {
        ...system,
        path: '/readyz',
        summary: 'The process can serve; 503 where it cannot, with the reasons for operators.',
        knowsUsers: true,
        action: 'metrics.read',
        status: 200,
        otherStatuses: [503],
        response: Readiness,
      },
      async (request) => {
        const state = readiness();
        const { ready } = state;
        const isElsewhere = operatorPort() !== null && request.door === 'public';
        const isStranger = isElsewhere || (await refuseStrangers(request)) !== null;
        return jsonReply(ready ? 200 : 503, isStranger ? { ready } : state);
      },
    ),
    route(
      {
        ...system,
        path: '/metrics',
        summary: 'Metrics for Prometheus.',
        internal: true,
        knowsUsers: true,
        action: 'metrics.read',
        status: 200,
        responseMediaType: metrics.contentType,
        refusals: ['unauthenticated', 'forbidden', 'rate-limited', 'unavailable'],
        otherMediaTypes: { [Registry.OPENMETRICS_CONTENT_TYPE]: null },
      },
      async (request) => {
        const refused = await refuseStrangers(request);
        if (refused !== null) return refused;
        const { mediaType, text } = await exposition.text(request.header('accept'));
        return textReply(200, mediaType, text, [['vary', 'accept']]);
      },
    ),
    route(
      {
        ...system,
        path: '/openapi.json',
        summary: 'This description, as OpenAPI 3.1.',
        status: 200,
        responseMediaType: JSON_MEDIA_TYPE,
        cache: 'public, max-age=60',
      },
      () => {
        description ??= JSON.stringify(openApiDocument(routes(), version, operatorPort()));
        return textReply(200, JSON_MEDIA_TYPE, description);
      },
    ),
    route(
      {
        ...system,
        path: '/asyncapi.json',
        summary: 'The live stream and the stream of changes, as AsyncAPI 3.',
        status: 200,
        responseMediaType: JSON_MEDIA_TYPE,
        cache: 'public, max-age=60',
      },
      () => {
        streams ??= JSON.stringify(describeStreams());
        return textReply(200, JSON_MEDIA_TYPE, streams);
      },
    ),
    ...docsRoutes({ version, introspection, streams: describeStreams }),
  ];
}
