// What is compared with its truth in calm moments (L3): one standing job of each kind.

/**
 * `follows`: counts and followers' lists with whom users follow. `orders`: order lists, feeds,
 * orders' totals and drops' rows with the journals. `unread`: unread counts with feeds and marks.
 */
export const RECONCILE_KINDS = ['follows', 'orders', 'unread'] as const;
export type ReconcileKind = (typeof RECONCILE_KINDS)[number];

export function reconcileJobId(kind: ReconcileKind): string {
  return `reconcile-${kind}`;
}

/**
 * What a node compared and mended since its start, for metrics; of `search` by each node with an
 * index.
 */
export interface ReconcileCount {
  readonly kind: ReconcileKind | 'search';
  readonly compared: number;
  readonly mended: number;
}
