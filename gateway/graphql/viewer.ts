// What is the caller's own: the account, orders, notifications, drafts, jobs and organisations.

import { AccountSessionsBody, OwnProfileBody } from '../../contracts/accounts.ts';
import { JobBody } from '../../contracts/jobs.ts';
import { NotificationPage } from '../../contracts/notifications.ts';
import {
  MemberBody,
  OwnOrganisationBody,
  ReceivedInvitationPage,
  SentInvitationBody,
} from '../../contracts/organisations.ts';
import { idOf, type ObjectRef, type Row } from './builder.ts';
import { optionalId, type Catalogue } from './catalogue.ts';
import { connectionOf, connectionType, pageArgs } from './connections.ts';
import { COSTS, costOfList } from './costs.ts';
import { restId } from './node-ids.ts';
import type { Parts } from './parts.ts';

/** A caller has nothing that must be read before it is known which part is asked for. */
const VIEWER: Row = {};

export function addViewer(parts: Parts, { dropList, user }: Catalogue, order: ObjectRef) {
  const { builder, shapes } = parts;
  const listed = (page: Row) => page['items'] as readonly Row[];
  const job = shapes.objectOf(JobBody);
  const notification = shapes.objectOf(NotificationPage.properties.items.items);
  const session = shapes.objectOf(AccountSessionsBody.properties.items.items);
  const invitation = shapes.objectOf(ReceivedInvitationPage.properties.items.items);
  const orders = connectionType(parts, order);
  const jobs = connectionType(parts, job);
  const notifications = connectionType(parts, notification, NotificationPage);
  const organisation = builder.objectRef<Row>('OwnOrganisation').implement({
    description: 'An organisation, as one of its members sees it.',
    fields: (t) => ({
      ...shapes.fieldsOf(t, OwnOrganisationBody, ['id']),
      user: t.field({
        type: user,
        nullable: true,
        complexity: COSTS.loaded,
        description: 'As everybody sees it.',
        resolve: (row, _, { users }) => users.load(idOf(row)),
      }),
      restId: t.string({ description: 'The id that REST has.', resolve: idOf }),
      members: t.field({
        type: [shapes.objectOf(MemberBody)],
        nullable: true,
        complexity: { field: COSTS.read, multiplier: 1 },
        resolve: async (row, _, context) =>
          listed(await context.read(`/v1/organisations/${encodeURIComponent(idOf(row))}/members`)),
      }),
      invitations: t.field({
        type: [shapes.objectOf(SentInvitationBody)],
        nullable: true,
        complexity: { field: COSTS.read, multiplier: 1 },
        description: 'Open ones, for owners.',
        resolve: async (row, _, context) =>
          listed(
            await context.read(`/v1/organisations/${encodeURIComponent(idOf(row))}/invitations`),
          ),
      }),
    }),
  });
  const viewer = builder.objectRef<Row>('Viewer').implement({
    description: 'Who calls.',
    fields: (t) => ({
      account: t.field({
        type: shapes.objectOf(OwnProfileBody),
        nullable: true,
        complexity: COSTS.loaded,
        description: 'Null for users of another issuer, who have no account here.',
        resolve: (_, __, context) => context.find('/v1/users/me'),
      }),
      orders: t.field({
        type: orders,
        nullable: true,
        complexity: costOfList,
        description: 'Newest first.',
        args: pageArgs(t.arg),
        resolve: (_, args, context) => connectionOf(context, '/v1/orders', args),
      }),
      notifications: t.field({
        type: notifications,
        nullable: true,
        complexity: costOfList,
        description: 'Newest first.',
        args: {
          ...pageArgs(t.arg),
          unread: t.arg.boolean({ description: 'true: those that are not read yet' }),
        },
        resolve: (_, { unread, ...args }, context) =>
          connectionOf(context, '/v1/notifications', args, { unread }),
      }),
      drafts: t.field({
        type: dropList,
        nullable: true,
        complexity: costOfList,
        description: 'Drops that are not announced, of oneself or of an organisation.',
        args: { ...pageArgs(t.arg), creatorId: t.arg.id(), productId: t.arg.id() },
        resolve: (_, { creatorId, productId, ...args }, context) =>
          connectionOf(context, '/v1/drops', args, {
            status: 'draft',
            creator_id: optionalId('User', creatorId),
            product_id: optionalId('Product', productId),
          }),
      }),
      sessions: t.field({
        type: [session],
        nullable: true,
        complexity: { field: COSTS.read, multiplier: 1 },
        description: 'The last used first.',
        resolve: async (_, __, context) => listed(await context.read('/v1/account/sessions')),
      }),
      jobs: t.field({
        type: jobs,
        args: pageArgs(t.arg),
        nullable: true,
        complexity: costOfList,
        description: 'Newest first.',
        resolve: (_, args, context) => connectionOf(context, '/v1/jobs', args),
      }),
      job: t.field({
        type: job,
        nullable: true,
        complexity: COSTS.read,
        args: { id: t.arg.id({ required: true }) },
        resolve: (_, { id }, context) => context.find(`/v1/jobs/${encodeURIComponent(id)}`),
      }),
      organisations: t.field({
        type: [organisation],
        nullable: true,
        complexity: { field: COSTS.read, multiplier: 1 },
        description: 'Where one is a member, the own account first.',
        resolve: async (_, __, context) => listed(await context.read('/v1/users/me/organisations')),
      }),
      invitations: t.field({
        type: [invitation],
        nullable: true,
        complexity: { field: COSTS.read, multiplier: 1 },
        resolve: async (_, __, context) => listed(await context.read('/v1/users/me/invitations')),
      }),
      follows: t.boolean({
        complexity: COSTS.read,
        description: 'Whether one follows a creator.',
        args: { creatorId: t.arg.id({ required: true }) },
        resolve: async (_, { creatorId }, context) => {
          const creator_id = restId('User', creatorId);
          const { userId: user_id } = context;
          const follow = await context.read('/v1/follows', { user_id, creator_id });
          return follow['following'] === true;
        },
      }),
    }),
  });
  builder.queryField('viewer', (t) =>
    t.field({
      type: viewer,
      nullable: true,
      description: 'Who calls; null without an access token.',
      resolve: (_, __, { isKnown }) => (isKnown ? VIEWER : null),
    }),
  );
  return { viewer, job, organisation };
}
