// Builds the gateway from its parts. It owns no data and knows no driver: `options` bring
// everything that it needs from the floors below.

import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Clock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { LiveBus } from '../actors/live-bus.ts';
import type { CallAction } from '../contracts/actions.ts';
import type { Readiness } from '../contracts/system.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { ExportDownloads } from '../app/jobs/export-downloads.ts';
import type { OrderExports } from '../app/order-exports.ts';
import type { PassTexts } from '../app/passes/pass-texts.ts';
import type { OutsideStream } from '../events/outside/outside-stream.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import {
  addressOfRoute,
  type MainGateway,
  type RouteAddress,
  routesElsewhere,
} from './http/forwarded.ts';
import { OwnPlaces, type Places, SharedPlaces } from './http/places.ts';
import type { GatewayMemory } from './http/shared-memory.ts';
import { Admission } from './http/admission.ts';
import { Documents } from './graphql/documents.ts';
import { GraphQLLive } from './graphql/live/graphql-live.ts';
import { graphQLRoutes } from './graphql/route.ts';
import { graphQLSchema } from './graphql/schema.ts';
import { Authenticator } from './http/auth.ts';
import { Callers } from './http/callers.ts';
import { Dispatcher } from './http/dispatcher.ts';
import { Doors } from './http/doors.ts';
import type { OutgoingReply } from './http/outgoing-reply.ts';
import type { DropCounts } from './analytics/drop-counts.ts';
import { DropViews } from './drop-views.ts';
import type { EndedSessions } from './http/ended-sessions.ts';
import { Flight } from './http/flight.ts';
import { DropCards } from './cache/drop-cards.ts';
import { GatewayCaches } from './cache/gateway-caches.ts';
import { withOwnChanges } from './cache/own-changes.ts';
import { driftLog } from './cache/drift-log.ts';
import { ProductPictures } from './cache/product-pictures.ts';
import { PublicReads } from './cache/public-reads.ts';
import { KeyIdentities } from './http/key-identities.ts';
import { Memberships } from './http/memberships.ts';
import type { MetricSources } from './metrics/metric-sources.ts';
import { registerMetrics } from './metrics/register-metrics.ts';
import { type FindExemplar, RefusalCounts } from './metrics/route-counts.ts';
import { Origins } from './http/origins.ts';
import { OrderPath } from './orders/order-path.ts';
import { PassChecks } from './orders/pass-checks.ts';
import { OrderWindow, type OrderWindowOptions } from './orders/order-window.ts';
import {
  DEFAULT_LIMITS,
  exemptNetworksOf,
  type LimitsSource,
  ratePoliciesOf,
  streamBoundsOf,
} from './http/limits.ts';
import { RateLimits } from './http/rate-limits.ts';
import type { RequestWatch } from './http/request-watch.ts';
import { ReadPath } from './http/read-path.ts';
import { SharedReplies } from './http/shared-replies.ts';
import { accountRoutes } from './rest/account.ts';
import { authRoutes } from './rest/accounts.ts';
import { analyticsRoutes } from './rest/analytics.ts';
import { apiKeyRoutes } from './rest/api-keys.ts';
import { creatorBanRoutes } from './rest/bans.ts';
import { changeRoutes } from './rest/changes.ts';
import { dropOrderRoutes } from './rest/drop-orders.ts';
import { draftRoutes } from './rest/drafts.ts';
import { dropRoutes } from './rest/drops.ts';
import { exportJobRoutes } from './rest/export-jobs.ts';
import { followRoutes } from './rest/follows.ts';
import { jobRoutes } from './rest/jobs.ts';
import { MediaUrls, type MediaUrlsOptions, NO_MEDIA } from './media-urls.ts';
import { mediaRoutes, uploadRoutes } from './rest/media.ts';
import { notificationRoutes } from './rest/notifications.ts';
import { operatorRoutes } from './rest/operator.ts';
import { invitationRoutes } from './rest/invitations.ts';
import { organisationRoutes } from './rest/organisations.ts';
import { orderDetailsRoutes } from './rest/order-details.ts';
import { orderRoutes, PLACE_ORDER } from './rest/orders.ts';
import { passRoutes } from './rest/passes.ts';
import { paymentRoutes } from './rest/payments.ts';
import { productRoutes } from './rest/products.ts';
import { searchRoutes } from './rest/search.ts';
import { reachRoutes } from './rest/reach.ts';
import { type SampleShops, sampleShopRoutes } from './rest/sample-shop.ts';
import { shopRoutes } from './rest/shops.ts';
import { systemRoutes } from './rest/system.ts';
import { pageRoutes } from './rest/pages.ts';
import type { BuiltPages } from './pages/built-pages.ts';
import { auditRoutes } from './rest/audit.ts';
import { webhookRoutes } from './rest/webhooks.ts';
import type { IncomingRequest, Route, VerifyToken } from './http/route.ts';
import { RouteTable } from './http/route-table.ts';
import type { MakeLive, ServerChildren } from './http/server.ts';
import {
  EXPORTS_MAX,
  EXPORTS_PER_USER_MAX,
  RESULTS_MAX,
  RESULTS_PER_ADDRESS_MAX,
  StreamSlots,
} from './http/stream-slots.ts';

const REQUESTS_IN_FLIGHT_MAX = 50_000;
const DRAIN_MS = 5_000;
const NO_LIMITS = new RateLimits({ policies: null });
type Restrictions = Pick<RestrictionSet, 'isEmpty' | 'banOf' | 'isHidden' | 'size' | 'onTakeDown'>;
const NO_RESTRICTIONS: Restrictions = {
  isEmpty: true,
  isHidden: () => false,
  onTakeDown: () => () => undefined,
  size: 0,
  banOf: () => 'not-banned',
};

export interface GatewayOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly router: CommandRouter;
  readonly call: CallAction;
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly bus: LiveBus;
  readonly verifyToken: VerifyToken;
  /** Calls the listener whenever tokens that were valid may be so no more before their ends. */
  readonly onTokensReplaced?: (listener: () => void) => void;
  /** Sessions whose tokens are refused; none unless given. */
  readonly ended?: EndedSessions;
  /** Who is banned, and what is taken down; nobody and nothing unless given. */
  readonly restrictions?: Restrictions;
  /** An address of their own for operators and monitoring; none unless given. */
  readonly operatorAddress?: { readonly host: string; readonly port: number } | null;
  /** Null: the stream is not served here. */
  readonly stream: OutsideStream | null;
  /** Null: orders are not exported. */
  readonly exports: OrderExports | null;
  /** Null: files of jobs are not served here. */
  readonly downloads?: ExportDownloads | null;
  /** Null where gateway threads serve the clients. */
  readonly live: MakeLive | null;
  /** False turns off the limits by user and by address, those of live streams too. */
  readonly rateLimits: boolean;
  /** Rates, numbers of live streams and exempt networks; the defaults unless given. */
  readonly limits?: LimitsSource;
  readonly clock: Clock;
  /** For what is counted of drops; it is not stored unless given. */
  readonly countsOf?: (dropId: string) => DropCounts;
  readonly readiness: () => Readiness;
  readonly metrics: Registry;
  /** Values of other parts of this node, for the metrics. */
  readonly sources?: MetricSources;
  /** Traces that the metrics of requests point to; none unless given. */
  readonly exemplar?: FindExemplar;
  /** Null, or absent: traces and the access log are off. */
  readonly watch?: RequestWatch | null;
  readonly log: Logger;
  /** The version in the OpenAPI description. */
  readonly version?: string;
  /** Where media are delivered from; nowhere unless given. */
  readonly media?: MediaUrlsOptions;
  /** The pages for people; none unless given. */
  readonly pages?: BuiltPages | null;
  /** Null, or absent: this server makes no sample shop. */
  readonly sampleShops?: SampleShops | null;
  /** Shown as `payment.provider` in orders. */
  readonly paymentProvider?: string;
  /** Null, or absent: orders with a pass are refused. */
  readonly passTexts?: PassTexts | null;
  readonly requestsInFlightMax?: number;
  /** What all gateway threads of the process count in; absent, or null: there is one thread. */
  readonly memory?: GatewayMemory | null;
  /** Of a gateway thread; absent, or null: this is the main thread. */
  readonly main?: MainGateway | null;
  /** Of the main thread, where gateway threads serve the clients; absent, or null: it does. */
  readonly children?: ServerChildren | null;
  /** Bounds of the orders that wait for their replies. */
  readonly orderWindow?: OrderWindowOptions;
  /** Reads client addresses from X-Forwarded-For: only behind a proxy that sets it. */
  readonly trustProxy?: boolean;
  /** Origins whose pages may use the API, or `*` for all; none unless given. */
  readonly corsOrigins?: readonly string[];
  /** Whether GraphQL tells its schema; true unless given. */
  readonly introspection?: boolean;
  /** `itself`: only health, metrics and description, for nodes that are no gateways. */
  readonly serves?: 'everything' | 'itself';
  /** How long `stop` waits for requests in flight. */
  readonly drainMs?: number;
}

export interface Gateway {
  readonly caches: GatewayCaches;
  /** The replies to what the media process asks on behalf of its callers. Never rejects. */
  readonly uploads: (incoming: IncomingRequest) => Promise<OutgoingReply>;
  /** The replies to what gateway threads pass on. Never rejects. */
  readonly dispatch: (incoming: IncomingRequest) => Promise<OutgoingReply>;
  /** Where the routes are that this gateway answers. */
  readonly routes: readonly RouteAddress[];
  /** What the server of the main thread knows this one by, where it is of a gateway thread. */
  readonly descriptor: () => number;
  /** Listens. Resolves to the port; of a gateway thread it is 0. */
  start(): Promise<number>;
  /** The port of the operators' address; null where there is none, or before `start`. */
  readonly operatorPort: () => number | null;
  /**
   * Stops accepting connections, waits a bounded time for requests in flight, and closes live
   * streams with a code to retry.
   */
  stop(): Promise<void>;
}

export function createGateway(options: GatewayOptions): Gateway {
  const { router, levels, bus, clock, log, metrics, rateLimits, stream, exports } = options;
  const { watch = null } = options;
  const { downloads = null, restrictions = NO_RESTRICTIONS, passTexts = null } = options;
  const { pages = null, memory = null, main = null, children = null } = options;
  const now = (): number => clock.now();
  const paymentProvider = options.paymentProvider ?? 'development';
  const source = options.limits ?? DEFAULT_LIMITS;
  const limits = new RateLimits({
    policies: rateLimits ? ratePoliciesOf(source.current) : null,
    exempt: exemptNetworksOf(source.current),
    shared: memory && memory.rates,
  });
  const { verifyToken, ended } = options;
  const authenticator = new Authenticator({
    verifyToken,
    limits,
    ...(ended !== undefined && { ended }),
  });
  options.onTokensReplaced?.(() => authenticator.forget());
  const inFlightMax = options.requestsInFlightMax ?? REQUESTS_IN_FLIGHT_MAX;
  const flight = new Flight({ countMax: Math.ceil(inFlightMax / (memory?.threads ?? 1)) });
  const onFault = (fault: unknown): void => log.error({ err: fault }, 'the gateway met a defect');
  const countsOf = options.countsOf;
  const views = new DropViews({
    bus,
    router,
    monotonic: () => clock.monotonic(),
    ...(countsOf !== undefined && { countsOf }),
  });
  const onDrift = driftLog(log, clock);
  const reads = new PublicReads({ bus, restrictions, clock, onDrift });
  const urls = new MediaUrls(options.media ?? NO_MEDIA);
  const pictures = new ProductPictures({ reads, urls, clock });
  const cards = new DropCards({ views, router, pictures, monotonic: () => clock.monotonic() });
  const caches = new GatewayCaches({ cards, reads });
  const slots = new StreamSlots({ places: placesOf(memory?.slots) });
  const exportSlots = new StreamSlots({
    streamsMax: EXPORTS_MAX,
    perUserMax: EXPORTS_PER_USER_MAX,
  });
  const resultSlots = new StreamSlots({
    streamsMax: RESULTS_MAX,
    perUserMax: RESULTS_PER_ADDRESS_MAX,
    places: placesOf(memory?.results),
  });
  const introspection = options.introspection ?? true;
  const { operatorAddress = null } = options;
  const servesApi = (options.serves ?? 'everything') === 'everything';
  const routes: Route[] = [
    ...(servesApi
      ? [
          ...authRoutes({ reads, urls }),
          ...accountRoutes({ paymentProvider, slots, levels, urls, now }),
          ...apiKeyRoutes(),
          ...organisationRoutes(),
          ...invitationRoutes(),
          ...shopRoutes(),
          ...sampleShopRoutes(options.sampleShops ?? null),
          ...auditRoutes(),
          ...webhookRoutes(),
          ...productRoutes({ levels, reads, urls }),
          ...mediaRoutes({ urls }),
          ...(pages === null
            ? []
            : pageRoutes({
                pages,
                mediaOrigin: options.media?.origin ?? (() => null),
                paymentProvider,
              })),
          ...dropRoutes({ cards, reads, pictures, levels, hidden: restrictions }),
          ...draftRoutes({ levels }),
          ...orderDetailsRoutes(),
          ...orderRoutes({ paymentProvider }),
          ...dropOrderRoutes({ paymentProvider, exports, exportSlots }),
          ...analyticsRoutes(),
          ...exportJobRoutes({ downloads, exportSlots }),
          ...passRoutes({ downloads, exportSlots }),
          ...jobRoutes(),
          ...paymentRoutes({ paymentProvider }),
          ...followRoutes({ reads }),
          ...creatorBanRoutes(),
          ...notificationRoutes(),
          ...searchRoutes({ slots: resultSlots, reads, pictures }),
          ...reachRoutes(),
          ...operatorRoutes({ slots, urls }),
          ...(stream === null ? [] : changeRoutes({ stream, slots, now })),
        ]
      : []),
    ...(main === null
      ? systemRoutes({
          readiness: options.readiness,
          metrics,
          threads: options.sources?.gatewayThreads,
          version: options.version ?? '0',
          introspection,
          operatorPort: () => doors.operatorPort,
          routes: () => routes,
        })
      : []),
  ];
  const origins = new Origins(options.corsOrigins ?? []);
  const keys = new KeyIdentities({ call: options.call, clock });
  const memberships = new Memberships({ call: options.call, levels, clock });
  const callers = new Callers({ authenticator, keys, memberships, clock });
  let graphql: GraphQLLive | null = null;
  if (servesApi) {
    const schema = graphQLSchema(routes);
    const documents = new Documents({ schema, introspection });
    const parts = { schema, documents, callers, limits, clock, reads, urls, onFault };
    const graphQLParts = { ...parts, orders: () => ordersOfGraphQL };
    routes.push(...graphQLRoutes(graphQLParts));
    graphql = new GraphQLLive({
      ...graphQLParts,
      requestFor: (client) => dispatcher.requestFor(client),
      flight,
    });
  }
  const elsewhere = routesElsewhere(main, routes);
  const table = new RouteTable({ routes: [...routes, ...elsewhere] });
  const shared = new SharedReplies();
  const dispatching = {
    callers,
    limits,
    bans: restrictions,
    call: withOwnChanges({ call: options.call, views, reads }),
    levels,
    origins,
    shared,
    watch,
    clock,
    log,
  };
  const refusals = { orders: new RefusalCounts(), others: new RefusalCounts() };
  const counting = { refusals: refusals.others, exemplar: options.exemplar };
  const publicRoutes = routes.filter(({ definition }) => definition.internal !== true);
  const dispatcher = new Dispatcher({
    ...dispatching,
    ...counting,
    table,
    elsewhere: new Set(elsewhere),
    ...(operatorAddress !== null && {
      publicTable: new RouteTable({ routes: [...publicRoutes, ...elsewhere] }),
    }),
  });
  const uploads = new Dispatcher({
    ...dispatching,
    ...counting,
    table: new RouteTable({ routes: uploadRoutes() }),
  });
  const orderWindow = new OrderWindow({ ...options.orderWindow, memory: memory && memory.window });
  const counts = dispatcher.countsOf(PLACE_ORDER);
  const orderParts = {
    router,
    views,
    authenticator,
    limits,
    flight,
    window: orderWindow,
    bans: restrictions,
    counts,
    refusals: refusals.orders,
    passes: passTexts === null ? null : new PassChecks(passTexts),
    levels,
    origins,
    watch,
    clock,
    paymentProvider,
  };
  const orders = new OrderPath(orderParts);
  // An operation counts its orders before any is placed.
  const ordersOfGraphQL = new OrderPath({ ...orderParts, limits: NO_LIMITS });
  const bounds = streamBoundsOf(source.current, rateLimits);
  const places = placesOf(memory?.streams);
  const admission = new Admission({ authenticator, limits, bounds, places, clock });
  source.onReplaced((replaced) => {
    limits.replace(ratePoliciesOf(replaced), exemptNetworksOf(replaced));
    admission.setBounds(streamBoundsOf(replaced, rateLimits));
  });
  registerMetrics(metrics, dispatcher.counts, {
    isReady: () => options.readiness().ready,
    refusals,
    requestsInFlight: () => flight.count,
    liveConnections: () => admission.count,
    watchedDrops: () => views.size,
    restricted: () => restrictions.size,
    ordersWaiting: () => orderWindow.count,
    ordersWaitingMax: () => orderWindow.limit,
    caches: () => caches.report(),
    sources: { limits: () => limits.report(), ...options.sources },
  });
  const { host, port, live, trustProxy = false } = options;
  const doors = new Doors({
    host,
    port,
    operatorAddress: main === null ? operatorAddress : null,
    dispatcher,
    orders: servesApi ? orders : null,
    reads: new ReadPath({ shared, dispatcher, limits, flight, origins, watch, clock, onFault }),
    admission,
    origins,
    limits,
    flight,
    live,
    graphql,
    trustProxy,
    children,
    main,
    onFault,
  });
  return {
    caches,
    dispatch: (incoming) => dispatcher.dispatch(incoming),
    routes: routes.map(addressOfRoute),
    descriptor: () => doors.descriptor,
    uploads: (incoming) => uploads.dispatch(incoming),
    operatorPort: () => doors.operatorPort,
    start: () => doors.start(),
    async stop() {
      await doors.stop(options.drainMs ?? DRAIN_MS);
      views.stop();
      reads.stop();
    },
  };
}

function placesOf(table: SharedArrayBuffer | undefined): Places {
  return table === undefined ? new OwnPlaces() : new SharedPlaces(table);
}
