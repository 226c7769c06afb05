// The schema. It is made once in a process: routes differ between gateways in what they do, and not
// in what they are described with.

import type { GraphQLSchema } from 'graphql';
import { AnalyticsStep } from '../../contracts/analytics.ts';
import { MemberRole } from '../../contracts/creator-actions.ts';
import { DropAccess, DropStatus, PaymentMode, ShownStatus } from '../../contracts/drops.ts';
import { MediaKind, MediaPurpose, MediaStatus, MediaVisibility } from '../../contracts/media.ts';
import { JobKind, JobState } from '../../contracts/jobs.ts';
import { OrderStatus } from '../../contracts/orders.ts';
import { PaymentDispute, PaymentReadiness, PaymentStatus } from '../../contracts/payments.ts';
import { SearchQuery, SearchSort, SearchType } from '../../contracts/search.ts';
import { DropFrameType } from '../../contracts/live.ts';
import {
  DeliveryState,
  WebhookEnd,
  WebhookEvent,
  WebhookOrdering,
} from '../../contracts/webhooks.ts';
import type { Route } from '../http/route.ts';
import { addAnalytics } from './analytics.ts';
import { addAccountMutations } from './account-mutations.ts';
import { makeBuilder } from './builder.ts';
import { addCatalogue } from './catalogue.ts';
import { addMoney } from './money.ts';
import { addCreatorMutations } from './creator-mutations.ts';
import { addOrderMutations, addOrders } from './orders.ts';
import type { Parts } from './parts.ts';
import { addReach } from './reach.ts';
import { Refusals } from './refusals.ts';
import { addSearch } from './search.ts';
import { addSubscriptions } from './subscriptions.ts';
import { Shapes } from './shapes.ts';
import { addViewer } from './viewer.ts';
import { addWebhooks } from './webhooks.ts';

/** Enums by their names. Which shape has one is found by its values. */
const ENUMS = {
  DropStatus: ShownStatus,
  PaymentMode,
  DropAccess,
  DropEventType: DropFrameType,
  OrderStatus,
  PaymentStatus,
  PaymentReadiness,
  DisputeStatus: PaymentDispute.properties.status,
  AnalyticsStep,
  SearchType,
  SearchSort,
  SearchScope: SearchQuery.properties.type,
  JobState,
  JobKind,
  MemberRole,
  MediaPurpose,
  MediaStatus,
  MediaKind,
  MediaVisibility,
  WebhookEvent,
  WebhookOrdering,
  WebhookEnd,
  DeliveryState,
} as const;

let made: GraphQLSchema | null = null;

/** `routes`: those of REST. */
export function graphQLSchema(routes: readonly Route[]): GraphQLSchema {
  return (made ??= makeSchema(routes));
}

function makeSchema(routes: readonly Route[]): GraphQLSchema {
  const definitions = new Map(
    routes.map(({ definition }) => [`${definition.method} ${definition.path}`, definition]),
  );
  const builder = makeBuilder();
  const shapes = new Shapes(builder, addMoney(builder));
  for (const [name, schema] of Object.entries(ENUMS)) shapes.nameEnum(name, schema);
  shapes.nameAlso('DropStatus', DropStatus);
  const parts: Parts = {
    builder,
    shapes,
    refusals: new Refusals(builder),
    definition: (route) => {
      const definition = definitions.get(route);
      if (definition === undefined) throw new Error(`There is no route ${route}.`);
      return definition;
    },
  };
  const catalogue = addCatalogue(parts);
  const order = addOrders(parts, catalogue);
  const { viewer, job, organisation } = addViewer(parts, catalogue, order);
  addAnalytics(parts, catalogue);
  addSearch(parts);
  addOrderMutations(parts, order, job);
  addCreatorMutations(parts, catalogue);
  addAccountMutations(parts, catalogue, { job, organisation });
  addReach(parts, viewer);
  addWebhooks(parts, catalogue, viewer);
  addSubscriptions(parts, catalogue);
  return builder.toSchema();
}
