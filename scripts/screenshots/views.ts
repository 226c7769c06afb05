// What is looked at: each view of the pages, as who, and what shows that it is there.

import type { SmallShop } from './small-shop.ts';

export type Viewer = 'visitor' | 'newcomer' | 'buyer' | 'creator' | 'operator';

/** What the network does to the view. `late`: no answer of the API comes. */
export type Network = 'well' | 'late' | 'failing' | 'offline';

export interface View {
  /** The name of its pictures: the app, and the view with its state. */
  readonly name: string;
  readonly path: string;
  readonly as: Viewer;
  /** A text of it. */
  readonly ready: string | RegExp;
  readonly network?: Network;
}

/** Of a server on which nothing was sold yet. */
export const EMPTY_VIEWS: readonly View[] = [
  { name: 'storefront/home-empty', path: '/', as: 'visitor', ready: 'No drops yet' },
  { name: 'storefront/orders-empty', path: '/orders', as: 'newcomer', ready: 'Orders' },
  { name: 'storefront/news-empty', path: '/news', as: 'newcomer', ready: 'News' },
  { name: 'studio/home-empty', path: '/studio', as: 'newcomer', ready: 'What do you sell?' },
  {
    name: 'studio/analytics-empty',
    path: '/studio/analytics',
    as: 'newcomer',
    ready: 'Nothing happened',
  },
  {
    name: 'studio/webhooks-empty',
    path: '/studio/webhooks',
    as: 'newcomer',
    ready: 'No webhooks yet',
  },
];

/** They read nothing before somebody presses something. */
const WITHOUT_DATA = [
  'storefront/log-in',
  'storefront/register',
  'storefront/reset-password',
  'studio/log-in',
  'console/components',
];
/** Of all states that the network makes of views, those with pictures: each kind of view once. */
const PICTURED = [
  'storefront/home',
  'storefront/drop-live',
  'storefront/orders',
  'studio/home',
  'studio/drop-live',
  'studio/orders-some',
  'studio/analytics-all',
  'studio/webhooks',
  'console/cluster',
  'console/jobs',
];

/** Each view while its data are awaited, where they cannot be read, and without a network. */
export function statesOf(views: readonly View[]): readonly View[] {
  return (['late', 'failing', 'offline'] as const).flatMap((network) =>
    views
      .filter(({ name }) => !WITHOUT_DATA.includes(name))
      .map((view) => ({ ...view, name: `${view.name}-${network}`, network })),
  );
}

/** All views, and some with what the network does to them. */
export function picturedOf(shop: SmallShop): readonly View[] {
  const views = viewsOf(shop);
  return [...views, ...statesOf(views.filter(({ name }) => PICTURED.includes(name)))];
}

export function viewsOf({
  creatorId,
  productId,
  drops,
  orders,
  webhookId,
}: SmallShop): readonly View[] {
  const phases = Object.entries(drops).map(([phase, id]) => ({
    name: `storefront/drop-${phase}`,
    path: `/drops/${id}`,
    as: 'buyer' as const,
    ready: /lamp|runners|print|teapot/i,
  }));
  const storefront: readonly View[] = (
    [
      ['home', '/', 'buyer', 'Live now'],
      ['search', '/search?q=lamp', 'buyer', 'Halo table lamp'],
      ['search-empty', '/search?q=zzzz', 'buyer', 'Nothing was found'],
      ['creator', `/creators/${creatorId}`, 'buyer', 'Mara Lindqvist'],
      ['product', `/products/${productId}`, 'buyer', 'Halo table lamp'],
      ['orders', '/orders', 'buyer', '1 unit'],
      ['order-paid', `/orders/${orders.paid}`, 'buyer', 'Yours'],
      ['order-held', `/orders/${orders.held}`, 'buyer', /\w/],
      ['pay', `/orders/${orders.held}/pay`, 'buyer', /\w/],
      ['news', '/news', 'buyer', /Your order is/],
      ['account', '/account', 'buyer', 'This device'],
      ['log-in', '/log-in', 'visitor', 'Log in'],
      ['register', '/register', 'visitor', 'Make the account'],
      ['reset-password', '/reset-password', 'visitor', 'Mail me a link'],
    ] as const
  ).map(([name, path, as, shown]) => ({ name: `storefront/${name}`, path, as, ready: shown }));
  const studio: readonly View[] = [
    { name: 'studio/home', path: '/studio', as: 'creator', ready: 'Halo table lamp' },
    {
      name: 'studio/product',
      path: `/studio/products/${productId}`,
      as: 'creator',
      ready: 'Halo table lamp',
    },
    ...(['live', 'upcoming', 'ended', 'cancelled'] as const).map((phase) => ({
      name: `studio/drop-${phase}`,
      path: `/studio/drops/${drops[phase]}`,
      as: 'creator' as const,
      ready: /lamp|runners/i,
    })),
    ...(['live', 'upcoming'] as const).map((phase) => ({
      name: `studio/orders-${phase === 'live' ? 'some' : 'empty'}`,
      path: `/studio/drops/${drops[phase]}/orders`,
      as: 'creator' as const,
      ready: phase === 'live' ? 'Jonas Weber' : 'No orders yet',
    })),
    {
      name: 'studio/analytics-all',
      path: '/studio/analytics',
      as: 'creator',
      ready: 'Orders sold',
    },
    {
      name: 'studio/analytics-drop',
      path: `/studio/drops/${drops.live}/analytics`,
      as: 'creator',
      ready: 'Orders sold',
    },
    { name: 'studio/webhooks', path: '/studio/webhooks', as: 'creator', ready: 'warehouse' },
    {
      name: 'studio/webhook',
      path: `/studio/webhooks/${webhookId}`,
      as: 'creator',
      ready: 'attempt',
    },
    { name: 'studio/log-in', path: '/studio/log-in', as: 'visitor', ready: 'Log in' },
  ];
  const consoleViews = (
    [
      ['cluster', '', 'Last moves'],
      ['alarms', '/alarms', 'Alarms'],
      ['upkeep', '/upkeep', 'Compare now'],
      ['payments', '/payments', /\w/],
      ['jobs', '/jobs', 'Jobs'],
      ['job', '/jobs/reconcile-orders', 'Failed attempts'],
      ['sellers', '/sellers', 'Sellers'],
      ['ledger', '/ledger', 'Ledger'],
      ['audit', '/audit', 'Filter'],
      ['caches', '/caches', 'Hit ratio'],
      ['components', '/components', 'PagedList'],
    ] as const
  ).map(([name, path, ready]) => ({
    name: `console/${name}`,
    path: `/console${path}`,
    as: 'operator' as const,
    ready,
  }));
  return [...storefront, ...phases, ...studio, ...consoleViews];
}
