// Who may do something for a creator (A10): the one question that every use case asks which acts
// for one. The creator may, with a token or an API key, and so may members of the creator's
// organisation whose role allows the action. Operators may besides, where a use case says so.

import type { CommandRouter } from '../actors/command-router.ts';
import type { Requester } from '../contracts/accounts.ts';
import type { Caller } from '../contracts/commands.ts';
import { type CreatorAction, roleAllows } from '../contracts/creator-actions.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { success } from '../domain/refusal.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import { callerOf } from './caller.ts';

export interface DropCreatorsOptions {
  readonly catalogue: Pick<Catalogue, 'findDrop'>;
  readonly router: CommandRouter;
}

/** Whether the requester may do it for this creator. Which scopes a key has, gateways check. */
export function mayAct(
  { userId, memberships = [] }: Requester,
  creatorId: string,
  action: CreatorAction,
): boolean {
  if (userId === creatorId) return true;
  const membership = memberships.find(({ organisationId }) => organisationId === creatorId);
  return membership !== undefined && roleAllows(membership.role, action);
}

/** Whether the requester has any role there. */
export function isMember({ userId, memberships = [] }: Requester, creatorId: string): boolean {
  return userId === creatorId || memberships.some((one) => one.organisationId === creatorId);
}

/** All creators for whom the requester may do it, themselves first. */
export function creatorsFor(requester: Requester, action: CreatorAction): string[] {
  const { userId, memberships = [] } = requester;
  const others = memberships.filter(({ organisationId }) => organisationId !== userId);
  const allowed = others.filter(({ role }) => roleAllows(role, action));
  return [userId, ...allowed.map(({ organisationId }) => organisationId)];
}

/** A drop that was just made has no row yet. Its creator never changes. */
export async function creatorOfDrop(
  { catalogue, router }: DropCreatorsOptions,
  dropId: string,
): Promise<Outcome<string>> {
  const row = await catalogue.findDrop(dropId);
  if (row !== null) return success(row.creatorId);
  const drop = await router.send({ type: 'get-drop', dropId });
  return drop.ok ? success(drop.value.creatorId) : drop;
}

/**
 * The caller that the drop's actor gets, which compares it with the drop's creator: the creator
 * where the requester may act for it, else the requester. Nothing is read for a requester who is a
 * member of no other organisation.
 */
export async function actorFor(
  options: DropCreatorsOptions,
  requester: Requester,
  dropId: string,
  action: CreatorAction,
): Promise<Caller> {
  const own = callerOf(requester);
  if (own.operator || creatorsFor(requester, action).length === 1) return own;
  const creator = await creatorOfDrop(options, dropId);
  return creator.ok && mayAct(requester, creator.value, action)
    ? { userId: creator.value, operator: false }
    : own;
}
