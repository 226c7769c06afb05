// The steps of a history: what buyers, creators, the provider and operators do, and what goes wrong
// meanwhile. Numbers in them choose among what is there when a step is made.

import fc from 'fast-check';
import { PASSES } from './passes.ts';
import type { ProviderMode } from './provider.ts';
import { SHARDS } from './simulated-cluster.ts';

export const NODE_IDS = ['a', 'b', 'c'] as const;
export const USERS = 10;
/** How far a node's clock may be from the store's, and the node still have its session (W7). */
export const SKEW_MAX_MS = 400;
const STEPS_MIN = 30;
const STEPS_MAX = 200;
const PICK_MAX = 1_000;
const PROVIDER_MODES: readonly ProviderMode[] = ['up', 'up', 'down', 'silent', 'refuses-refunds'];

const node = fc.nat(NODE_IDS.length - 1);
const pick = fc.nat(PICK_MAX);
const on = fc.boolean();

function step<Kind extends string, Fields extends object>(
  weight: number,
  kind: Kind,
  fields: { [K in keyof Fields]: fc.Arbitrary<Fields[K]> },
) {
  const arbitrary = fc.record({ kind: fc.constant(kind), ...fields }) as unknown as fc.Arbitrary<
    { readonly kind: Kind } & Fields
  >;
  return { weight, arbitrary };
}

const anyStep = fc.oneof(
  step(16, 'order', {
    node,
    drop: pick,
    user: fc.nat(USERS - 1),
    quantity: fc.integer({ min: 1, max: 2 }),
    buyers: fc.integer({ min: 1, max: 4 }),
    /** Which pass they all show. */
    pass: fc.option(fc.nat(PASSES.length - 1)),
  }),
  step(4, 'repeat-order', { node, pick }),
  step(10, 'pay', { node, pick, succeeded: on }),
  step(3, 'cancel-order', { node, pick }),
  step(4, 'refund-order', { node, pick }),
  step(4, 'refund-part', { node, pick, restock: on }),
  step(2, 'restock', { node, drop: pick, units: fc.integer({ min: -3, max: 5 }) }),
  step(2, 'repeat-restock', { node, pick }),
  step(1, 'end-earlier', { node, drop: pick, inMs: fc.integer({ min: 100, max: 4_000 }) }),
  step(1, 'end-later', { node, drop: pick, inMs: fc.integer({ min: 2_000, max: 20_000 }) }),
  step(2, 'pause-drop', { node, drop: pick, extendHolds: on }),
  step(3, 'resume-drop', { node, drop: pick }),
  step(1, 'cancel-drop', { node, drop: pick }),
  step(2, 'create-drop', {
    node,
    byProvider: on,
    opensInMs: fc.nat(4_000),
    livesMs: fc.integer({ min: 500, max: 12_000 }),
  }),
  step(3, 'read-drop', { node, drop: pick }),
  step(3, 'read-order', { node, pick }),
  step(1, 'read-filter', { node, drop: pick }),
  step(16, 'time', { ms: fc.nat(2_500) }),
  step(1, 'time', { ms: fc.integer({ min: 5_000, max: 20_000 }) }),
  // Drops that are over leave memory after 30 s.
  step(1, 'time', { ms: fc.integer({ min: 31_000, max: 40_000 }) }),
  step(2, 'pause', { node }),
  // Longer than a session lives, and then the store is slow: the node does not know yet.
  step(3, 'freeze', { node, ms: fc.integer({ min: 3_200, max: 6_000 }), quiet: on }),
  // Calls that the provider did not answer are the next owner's.
  step(2, 'lose-with-calls', { node }),
  step(10, 'mend', { node }),
  step(1, 'kill', { node }),
  step(5, 'start', { node, skewMs: fc.integer({ min: -SKEW_MAX_MS, max: SKEW_MAX_MS }) }),
  step(2, 'cut-off', { node }),
  step(3, 'store-away', { node }),
  step(1, 'stores-away', {}),
  step(2, 'store-slow', { node, delayMs: fc.constantFrom(20, 300, 1_500, 8_000) }),
  step(4, 'store-loses-answers', { node, rowsOnly: on }),
  step(2, 'pin', { shard: fc.nat(SHARDS - 1), node: fc.nat(NODE_IDS.length) }),
  step(1, 'drain', { node, on }),
  step(1, 'lose-take-over-answers', { node, on }),
  step(4, 'provider', { mode: fc.constantFrom(...PROVIDER_MODES) }),
);

export type Step = typeof anyStep extends fc.Arbitrary<infer One> ? One : never;

export const steps: fc.Arbitrary<Step[]> = fc.noBias(
  fc.array(anyStep, { minLength: STEPS_MIN, maxLength: STEPS_MAX, size: 'max' }),
);
