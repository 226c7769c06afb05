// Which of the services' actions are changes of creators and account holders, and what the audit
// log shows of each (X5). What operators change under `operator`, `sellers` and, for everybody,
// `bans` is recorded by the use cases themselves, before it is made (`app/operator/`).

import type { Requester } from '../../contracts/accounts.ts';
import type { ActionName, ActionParams, Actions } from '../../contracts/actions.ts';
import type { AuditEntry } from '../../contracts/audit.ts';
import type { NewDrop } from '../../contracts/drops.ts';
import { parseOrderId } from '../../domain/ids.ts';
import type { LinkPurpose } from '../../storage/ports/account-links.ts';
import { CONFIRM_LINKS, RESET_LINKS } from '../mail/followed-link.ts';
import type { Facts } from './facts.ts';
import {
  dropFacts,
  productFacts,
  type Subject,
  type SubjectKey,
  webhookFacts,
} from './subjects.ts';

export interface AuditedAction<A extends ActionName> {
  /** `value`: of the answer; null before there is one. */
  readonly target: (
    params: ActionParams<A>,
    value: Actions[A][1] | null,
    subject: Subject | null,
  ) => AuditEntry['target'];
  /** What is read before the change. */
  readonly subject?: (params: ActionParams<A>) => SubjectKey | null;
  /** Whose matter it is, where the subject does not tell. */
  readonly creatorId?: (params: ActionParams<A>, value: Actions[A][1] | null) => string | null;
  readonly asked?: (params: ActionParams<A>, subject: Subject | null) => Facts;
  /** What is there afterwards; null: nothing. Absent: no fields are shown. */
  readonly after?: (params: ActionParams<A>, value: Actions[A][1]) => Facts | null;
  /** Absent: always. */
  readonly isRecorded?: (params: ActionParams<A>) => boolean;
}

type AuditedTable = { readonly [A in ActionName]?: AuditedAction<A> };

const target = (type: string, id: string | undefined): AuditEntry['target'] =>
  id === undefined ? null : { type, id };

const ownersOf = ({ userId, memberships = [] }: Requester): string[] => [
  ...new Set([userId, ...memberships.map(({ organisationId }) => organisationId)]),
];
const aboutDrop = ({ caller, dropId }: { caller: Requester; dropId: string }): SubjectKey => {
  return { type: 'drop', id: dropId, creatorIds: ownersOf(caller) };
};

/** A drop or a draft that is there already. */
const OF_DROP = {
  target: ({ dropId }: { dropId: string }) => target('drop', dropId),
  subject: aboutDrop,
};
const OF_ORDER = {
  target: ({ orderId }: { orderId: string }) => target('order', orderId),
  subject({ orderId }: { orderId: string }): SubjectKey | null {
    const parsed = parseOrderId(orderId);
    return parsed === null ? null : { type: 'drop', id: parsed.dropId, creatorIds: [] };
  },
};
const OF_PRODUCT_OF_DROP = {
  target: (_: unknown, drop: { id: string } | null) => target('drop', drop?.id),
  subject: ({ productId }: { productId: string }): SubjectKey => {
    return { type: 'product', id: productId };
  },
  asked: ({ productId, drop }: { productId: string; drop: NewDrop }) => {
    const { metadata: _, ...terms } = drop;
    return { productId, ...terms };
  },
};
const OF_WEBHOOK = {
  target: ({ webhookId }: { webhookId: string }) => target('webhook', webhookId),
  subject: ({ webhookId }: { webhookId: string }): SubjectKey => {
    return { type: 'webhook', id: webhookId };
  },
};
const OF_ACCOUNT = {
  target: ({ userId }: { userId: string }) => target('account', userId),
  creatorId: ({ userId }: { userId: string }) => userId,
};
/** Who follows a mailed link is the user whom it was mailed to. */
const byLink = (purposes: readonly LinkPurpose[]) => {
  return {
    target: (_: unknown, __: unknown, user: Subject | null) => target('account', user?.creatorId),
    subject({ token }: { token: string }): SubjectKey {
      return { type: 'link', id: token, purposes };
    },
    asked: (_: unknown, link: Subject | null) => link?.facts ?? {},
  };
};
const ofCreator = ({ caller, creatorId }: { caller: Requester; creatorId?: string }) =>
  creatorId ?? caller.userId;
const ofOrganisation = ({ organisationId }: { organisationId: string }) => organisationId;
const aboutMember = (params: { organisationId: string; userId: string }): SubjectKey => {
  return { type: 'member', id: params.userId, organisationId: params.organisationId };
};

export const AUDITED_ACTIONS = {
  'products.add': {
    target: (_, product) => target('product', product?.id),
    creatorId: ({ creatorId }) => creatorId,
    asked: ({ product }) => ({ name: product.name }),
    after: (_, product) => productFacts(product),
  },
  'products.change': {
    target: ({ productId }) => target('product', productId),
    subject: ({ productId }) => ({ type: 'product', id: productId }),
    asked: ({ change }) => change,
    after: (_, product) => productFacts(product),
  },
  'drops.create': { ...OF_PRODUCT_OF_DROP, after: (_, drop) => dropFacts(drop) },
  'drafts.add': { ...OF_PRODUCT_OF_DROP, after: (_, draft) => dropFacts(draft) },
  'drops.amend': {
    ...OF_DROP,
    asked: ({ change }) => change,
    after: (_, drop) => dropFacts(drop),
  },
  'drops.cancel': { ...OF_DROP, after: (_, drop) => dropFacts(drop) },
  'drops.pause': {
    ...OF_DROP,
    asked: ({ details }) => details,
    after: (_, drop) => dropFacts(drop),
  },
  'drops.resume': { ...OF_DROP, after: (_, drop) => dropFacts(drop) },
  'drafts.announce': { ...OF_DROP, after: (_, drop) => dropFacts(drop) },
  'drafts.remove': { ...OF_DROP, after: () => null },
  'passes.make': {
    ...OF_DROP,
    asked: ({ passes: { count, userIds } }) => ({ count: count ?? userIds?.length }),
  },
  'jobs.makePasses': {
    ...OF_DROP,
    asked: ({ wanted: { count, userIds } }) => ({ count: count ?? userIds?.length }),
  },
  'jobs.exportOrders': { ...OF_DROP, asked: ({ wanted }) => wanted },
  'jobs.refundOrders': {
    ...OF_DROP,
    asked: ({ refunds: { orderIds, all, restock, reason } }) => {
      return { orders: orderIds?.length, all, restock, reason };
    },
  },
  'jobs.cancel': {
    target: ({ jobId }) => target('job', jobId),
    subject: ({ jobId }) => ({ type: 'job', id: jobId }),
    creatorId: ({ caller }) => caller.userId,
  },
  'orders.refund': { ...OF_ORDER, asked: ({ details }) => details ?? {} },
  'media.add': {
    target: (_, media) => target('media', media?.id),
    creatorId: ({ ownerId }) => ownerId,
  },
  'media.remove': {
    target: ({ mediaId }) => target('media', mediaId),
    subject: ({ mediaId }) => ({ type: 'media', id: mediaId }),
  },
  'bans.put': {
    target: ({ userId }) => target('user', userId),
    creatorId: ({ creatorId }) => creatorId,
    asked: ({ ban: { until, refundOrders, restock } }) => ({ until, refundOrders, restock }),
    isRecorded: ({ creatorId }) => creatorId !== null,
  },
  'bans.lift': {
    target: ({ userId }) => target('user', userId),
    creatorId: ({ creatorId }) => creatorId,
    isRecorded: ({ creatorId }) => creatorId !== null,
  },
  'webhooks.create': {
    target: (_, webhook) => target('webhook', webhook?.id),
    creatorId: ({ caller, webhook }) => webhook.creatorId ?? caller.userId,
    after: (_, webhook) => webhookFacts(webhook),
  },
  'webhooks.change': { ...OF_WEBHOOK, after: (_, webhook) => webhookFacts(webhook) },
  'webhooks.remove': { ...OF_WEBHOOK, after: () => null },
  'webhooks.rotate': OF_WEBHOOK,
  'webhooks.resend': {
    ...OF_WEBHOOK,
    asked: ({ deliveryId }) => ({ deliveryId }),
  },
  'keys.create': {
    target: (_, created) => target('key', created?.id),
    creatorId: ofCreator,
    after: (_, { name, scopes, endsAt }) => ({ name, scopes, endsAt }),
  },
  'keys.revoke': { target: ({ keyId }) => target('key', keyId), creatorId: ofCreator },
  'keys.revokeAll': { target: () => null, creatorId: ofCreator },
  'organisations.create': {
    target: (_, made) => target('organisation', made?.id),
    creatorId: (_, made) => made?.id ?? null,
    after: (_, { name }) => ({ name }),
  },
  'organisations.setRole': {
    target: ({ userId }) => target('user', userId),
    subject: aboutMember,
    asked: ({ role }) => ({ role }),
    after: (_, { role }) => ({ role }),
  },
  'organisations.removeMember': {
    target: ({ userId }) => target('user', userId),
    subject: aboutMember,
    after: () => null,
  },
  'organisations.remove': {
    target: ({ organisationId }) => target('organisation', organisationId),
    creatorId: ofOrganisation,
  },
  'invitations.send': {
    target: (_, sent) => target('invitation', sent?.id),
    creatorId: ofOrganisation,
    asked: ({ invitation: { role } }) => ({ role }),
  },
  'invitations.withdraw': {
    target: ({ invitationId }) => target('invitation', invitationId),
    creatorId: ofOrganisation,
  },
  'invitations.accept': {
    target: ({ invitationId }) => target('invitation', invitationId),
    creatorId: (_, organisation) => organisation?.id ?? null,
    after: (_, { role }) => ({ role }),
  },
  'accounts.setAvatar': {
    target: ({ userId }) => target('account', userId),
    subject: ({ userId }) => ({ type: 'account', id: userId }),
    after: ({ mediaId }) => ({ avatarMediaId: mediaId }),
  },
  'accounts.changePassword': OF_ACCOUNT,
  'accounts.changeEmail': OF_ACCOUNT,
  'accounts.resetPassword': byLink(RESET_LINKS),
  'accounts.confirmEmail': byLink(CONFIRM_LINKS),
  'accounts.delete': OF_ACCOUNT,
  'accounts.endSession': { ...OF_ACCOUNT, asked: ({ endedId }) => ({ sessionId: endedId }) },
  'accounts.endOtherSessions': OF_ACCOUNT,
} as const satisfies AuditedTable;

export type AuditedName = keyof typeof AUDITED_ACTIONS;

export function isAudited(action: string): action is AuditedName {
  return Object.hasOwn(AUDITED_ACTIONS, action);
}
