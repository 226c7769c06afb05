// The routes of organisations and their members (A10).

import {
  MemberBody,
  MemberPage,
  NewOrganisation,
  OwnOrganisationBody,
  OwnOrganisationPage,
  RoleChange,
} from '../../contracts/organisations.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { memberBody, ownOrganisationBody } from '../present.ts';

const ABOUT = { tag: 'organisations', access: 'user' } as const;
const PATH = '/v1/organisations';
const ONE = { ...ABOUT, idsOfUsers: ['id'] } as const;
const MEMBER = { ...ABOUT, idsOfUsers: ['id', 'userId'] } as const;

export function organisationRoutes(): Route[] {
  return [...ownRoutes(), ...memberRoutes()];
}

function ownRoutes(): Route[] {
  return [
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: PATH,
        summary: 'Make an organisation: a creator with members. The caller is its first owner.',
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        keyed: true,
        body: NewOrganisation,
        status: 201,
        response: OwnOrganisationBody,
        refusals: ['too-many', 'unavailable', 'overloaded'],
      },
      async ({ call, caller, body: organisation, request }) => {
        const made = await call('organisations.create', { caller, organisation, request });
        if (!made.ok) return made;
        const location = `${PATH}/${made.value.id}`;
        return jsonReply(201, ownOrganisationBody(made.value), [['location', location]]);
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'GET',
        path: '/v1/users/me/organisations',
        summary: 'Organisations of which the caller is a member; the own account is the first.',
        rateClass: 'reads',
        status: 200,
        response: OwnOrganisationPage,
        refusals: ['unavailable'],
      },
      async ({ call, caller }) => {
        const listed = await call('organisations.list', { caller });
        if (!listed.ok) return listed;
        return jsonReply(200, { items: listed.value.map(ownOrganisationBody), nextCursor: null });
      },
    ),
    userRoute(
      {
        ...ONE,
        method: 'GET',
        path: `${PATH}/{id}`,
        summary: 'An organisation, with the caller’s role.',
        action: 'organisations.get',
        rateClass: 'reads',
        status: 200,
        response: OwnOrganisationBody,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller, id: organisationId }) => {
        const found = await call('organisations.get', { caller, organisationId });
        return found.ok ? jsonReply(200, ownOrganisationBody(found.value)) : found;
      },
    ),
    userRoute(
      {
        ...ONE,
        method: 'DELETE',
        path: `${PATH}/{id}`,
        summary: 'End an organisation: nobody is a member any more, its keys and drafts go.',
        action: 'organisations.remove',
        rateClass: 'writes',
        status: 202,
        refusals: ['not-found', 'forbidden', 'drops-not-over', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: organisationId }) => {
        const removed = await call('organisations.remove', { caller, organisationId });
        return removed.ok ? emptyReply(202) : removed;
      },
    ),
  ];
}

function memberRoutes(): Route[] {
  return [
    userRoute(
      {
        ...ONE,
        method: 'GET',
        path: `${PATH}/{id}/members`,
        summary: 'The members of an organisation, all in one page.',
        action: 'organisations.members',
        rateClass: 'reads',
        status: 200,
        response: MemberPage,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller, id: organisationId }) => {
        const listed = await call('organisations.members', { caller, organisationId });
        if (!listed.ok) return listed;
        return jsonReply(200, { items: listed.value.map(memberBody), nextCursor: null });
      },
    ),
    userRoute(
      {
        ...MEMBER,
        method: 'PUT',
        path: `${PATH}/{id}/members/{userId}`,
        summary: 'Give a member another role. The last owner stays one.',
        action: 'organisations.setRole',
        rateClass: 'writes',
        body: RoleChange,
        status: 200,
        response: MemberBody,
        refusals: ['not-found', 'forbidden', 'last-owner', 'unavailable'],
      },
      async ({ call, caller, ids, body: { role } }) => {
        const [organisationId, userId] = [ids['id']!, ids['userId']!];
        const params = { caller, organisationId, userId, role };
        const changed = await call('organisations.setRole', params);
        return changed.ok ? jsonReply(200, memberBody(changed.value)) : changed;
      },
    ),
    userRoute(
      {
        ...MEMBER,
        method: 'DELETE',
        path: `${PATH}/{id}/members/{userId}`,
        summary:
          'Take a member out, within a second everywhere; or leave, which every member may but ' +
          'the last owner.',
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', 'forbidden', 'last-owner', 'unavailable'],
      },
      async ({ call, caller, ids }) => {
        const [organisationId, userId] = [ids['id']!, ids['userId']!];
        const params = { caller, organisationId, userId };
        const removed = await call('organisations.removeMember', params);
        return removed.ok ? emptyReply(204) : removed;
      },
    ),
  ];
}
