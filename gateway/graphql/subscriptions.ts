// Subscriptions: what happens to a drop, to the drops of a creator, and to one's own orders.

import { DropFrameType } from '../../contracts/live.ts';
import { GraphQLError } from 'graphql';
import { NotificationPage } from '../../contracts/notifications.ts';
import { NOTIFICATION_ID } from '../../contracts/patterns.ts';
import type { Row } from './builder.ts';
import type { Catalogue } from './catalogue.ts';
import { COSTS } from './costs.ts';
import { type DropEventRow, SourceStream } from './live/live-source.ts';
import { restId } from './node-ids.ts';
import type { Parts } from './parts.ts';

const notificationId = new RegExp(NOTIFICATION_ID);
const PUBLIC = { rest: { access: 'public', rateClass: null } } as const;

export function addSubscriptions({ builder, shapes }: Parts, { drop }: Catalogue): void {
  builder.subscriptionType({});
  const dropEvent = builder.objectRef<DropEventRow>('DropEvent').implement({
    description: 'A drop as it stands, and why it is told.',
    fields: (t) => ({
      type: t.field({
        type: shapes.enumOf(DropFrameType),
        description: 'DROP_SNAPSHOT: the state when the subscription began, or had fallen behind.',
        resolve: ({ type }) => type as never,
      }),
      at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
      drop: t.field({ type: drop, resolve: (event) => event.drop }),
    }),
  });
  const notification = shapes.objectOf(NotificationPage.properties.items.items);
  builder.subscriptionFields((t) => ({
    dropChanged: t.field({
      type: dropEvent,
      description: 'A drop: its state first, then each change, with rising versions.',
      complexity: COSTS.read,
      extensions: PUBLIC,
      args: { id: t.arg.id({ required: true }) },
      subscribe: (_, { id }) =>
        new SourceStream<DropEventRow>({ of: 'drop', dropId: restId('Drop', id) }),
      resolve: (event) => event,
    }),
    creatorDrops: t.field({
      type: dropEvent,
      description: 'A creator’s drops: those that are live first, then each milestone of any.',
      complexity: COSTS.read,
      extensions: PUBLIC,
      args: { creatorId: t.arg.id({ required: true }) },
      subscribe: (_, { creatorId }) =>
        new SourceStream<DropEventRow>({ of: 'creator', creatorId: restId('User', creatorId) }),
      resolve: (event) => event,
    }),
    myNotifications: t.field({
      type: notification,
      description:
        'The caller’s notifications, each once and in their order: all after the one with the id ' +
        '`after`, then new ones. Without it new ones only.',
      complexity: COSTS.read,
      extensions: { rest: { access: 'user', rateClass: null } },
      args: { after: t.arg.string({ description: 'the id of the last one that came; 0 for all' }) },
      subscribe: (_, { after }) => {
        if (after !== undefined && after !== null && !notificationId.test(after))
          throw new GraphQLError('after: must be the id of a notification.');
        return new SourceStream<Row>({ of: 'notifications', after: after ?? null });
      },
      resolve: (row) => row,
    }),
  }));
}
