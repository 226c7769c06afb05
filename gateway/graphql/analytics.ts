// Analytics of drops and creators, for those who act for the creator and for operators.

import { AnalyticsBody, AnalyticsQuery, DropAnalyticsBody } from '../../contracts/analytics.ts';
import { idOf, type RowFields } from './builder.ts';
import type { Catalogue } from './catalogue.ts';
import { COSTS } from './costs.ts';
import type { Parts } from './parts.ts';

/** A day of minutes is some 40 KB: as much as ten reads. */
const COST = 10 * COSTS.read;

export function addAnalytics({ builder, shapes }: Parts, { drop, user }: Catalogue): void {
  const rangeArgs = (t: RowFields) => ({
    from: t.arg({ type: 'DateTime' }),
    to: t.arg({ type: 'DateTime', description: 'before this time; now by default' }),
    step: t.arg({ type: shapes.enumOf(AnalyticsQuery.properties.step) }),
  });
  builder.objectField(drop, 'analytics', (t) =>
    t.field({
      type: shapes.objectOf(DropAnalyticsBody),
      nullable: true,
      complexity: COST,
      description: 'What was sold and seen of it, for its creator and operators.',
      args: rangeArgs(t),
      resolve: (row, range, context) => context.read(`/v1/drops/${idOf(row)}/analytics`, range),
    }),
  );
  builder.objectField(user, 'analytics', (t) =>
    t.field({
      type: shapes.objectOf(AnalyticsBody),
      nullable: true,
      complexity: COST,
      description: 'What was sold and seen of all its drops, for the creator and operators.',
      args: rangeArgs(t),
      resolve: (row, range, context) =>
        context.read(`/v1/creators/${encodeURIComponent(idOf(row))}/analytics`, range),
    }),
  );
}
