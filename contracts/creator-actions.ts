// What is done for a creator, by use case, and who may do it besides the creator and operators:
// members of the creator's organisation by their role (A10), and API keys by their scopes (A5).
// This is the one place for both. Whatever is not listed is nobody's but the caller's own. Reading
// metrics is done for no creator; it is here because a key needs a scope for it.

import { Type } from 'typebox';

/** From the one who may do everything to the one who may do the least. */
export const MEMBER_ROLES = ['owner', 'manager', 'support'] as const;
export const MemberRole = Type.Enum([...MEMBER_ROLES]);
export type MemberRole = (typeof MEMBER_ROLES)[number];

export const SCOPES = [
  'catalogue:write',
  'orders:read',
  'orders:refund',
  'changes:read',
  'tokens:exchange',
  'contacts:write',
  'webhooks:write',
  'metrics:read',
] as const;
/** Of the operation of the servers, and so only in keys that operators and auditors make. */
export const OPERATIONS_SCOPE = 'metrics:read';
export const Scope = Type.Enum([...SCOPES]);
export type Scope = (typeof SCOPES)[number];

interface CreatorActionRule {
  /** The role that a member needs at least. Null: members do it with an API key only. */
  readonly role: MemberRole | null;
  /** The scope that an API key needs. Null: no key may. */
  readonly scope: Scope | null;
}

export const CREATOR_ACTIONS = {
  'products.add': { role: 'manager', scope: 'catalogue:write' },
  'products.change': { role: 'manager', scope: 'catalogue:write' },
  'drops.create': { role: 'manager', scope: 'catalogue:write' },
  'drops.amend': { role: 'manager', scope: 'catalogue:write' },
  'drops.cancel': { role: 'manager', scope: 'catalogue:write' },
  'drops.pause': { role: 'manager', scope: 'catalogue:write' },
  'drops.resume': { role: 'manager', scope: 'catalogue:write' },
  'passes.make': { role: 'manager', scope: 'catalogue:write' },
  'passes.read': { role: 'manager', scope: 'catalogue:write' },
  'jobs.makePasses': { role: 'manager', scope: 'catalogue:write' },
  'drafts.read': { role: 'manager', scope: 'catalogue:write' },
  'drafts.announce': { role: 'manager', scope: 'catalogue:write' },
  'drafts.remove': { role: 'manager', scope: 'catalogue:write' },
  'media.add': { role: 'manager', scope: 'catalogue:write' },
  'media.upload': { role: 'manager', scope: 'catalogue:write' },
  'media.remove': { role: 'manager', scope: 'catalogue:write' },
  'orders.ofDrop': { role: 'support', scope: 'orders:read' },
  'orders.export': { role: 'support', scope: 'orders:read' },
  'jobs.exportOrders': { role: 'support', scope: 'orders:read' },
  'exports.read': { role: 'support', scope: 'orders:read' },
  'analytics.read': { role: 'support', scope: 'orders:read' },
  'orders.payments': { role: 'support', scope: 'orders:read' },
  'details.get': { role: 'support', scope: 'orders:read' },
  'orders.refund': { role: 'support', scope: 'orders:refund' },
  'jobs.refundOrders': { role: 'support', scope: 'orders:refund' },
  'jobs.get': { role: 'support', scope: 'orders:refund' },
  'jobs.cancel': { role: 'support', scope: null },
  'bans.put': { role: 'manager', scope: null },
  'bans.lift': { role: 'manager', scope: null },
  'bans.list': { role: 'support', scope: null },
  'audit.read': { role: 'owner', scope: null },
  'changes.read': { role: 'manager', scope: 'changes:read' },
  'webhooks.create': { role: 'manager', scope: 'webhooks:write' },
  'webhooks.read': { role: 'manager', scope: 'webhooks:write' },
  'webhooks.change': { role: 'manager', scope: 'webhooks:write' },
  'shops.exchangeToken': { role: null, scope: 'tokens:exchange' },
  'shops.putContact': { role: null, scope: 'contacts:write' },
  'shops.contact': { role: null, scope: 'contacts:write' },
  'shops.contacts': { role: null, scope: 'contacts:write' },
  'shops.eraseContact': { role: null, scope: 'contacts:write' },
  'organisations.get': { role: 'support', scope: null },
  'organisations.members': { role: 'support', scope: null },
  'organisations.setRole': { role: 'owner', scope: null },
  'organisations.removeMember': { role: 'owner', scope: null },
  'organisations.remove': { role: 'owner', scope: null },
  'invitations.send': { role: 'owner', scope: null },
  'invitations.sent': { role: 'owner', scope: null },
  'invitations.withdraw': { role: 'owner', scope: null },
  'metrics.read': { role: null, scope: OPERATIONS_SCOPE },
  'keys.create': { role: 'owner', scope: null },
  'keys.list': { role: 'owner', scope: null },
  'keys.revoke': { role: 'owner', scope: null },
  'keys.revokeAll': { role: 'owner', scope: null },
} as const satisfies Readonly<Record<string, CreatorActionRule>>;
export type CreatorAction = keyof typeof CREATOR_ACTIONS;

export function ruleOf(action: CreatorAction): CreatorActionRule {
  return CREATOR_ACTIONS[action];
}

/** Whether a member with this role may do it without an API key. */
export function roleAllows(role: MemberRole, action: CreatorAction): boolean {
  const { role: least } = ruleOf(action);
  return least !== null && MEMBER_ROLES.indexOf(role) <= MEMBER_ROLES.indexOf(least);
}
