// The routes of invitations into organisations (A10): for owners, and for who is invited.

import {
  InvitationAnswer,
  NewInvitation,
  OwnOrganisationBody,
  ReceivedInvitationPage,
  SentInvitationBody,
  SentInvitationPage,
} from '../../contracts/organisations.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { ownOrganisationBody, receivedInvitationBody, sentInvitationBody } from '../present.ts';
import { languageOf } from './account.ts';

const ABOUT = { tag: 'organisations', access: 'user' } as const;
const PATH = '/v1/organisations/{id}/invitations';
const SENT = { ...ABOUT, idsOfUsers: ['id'] } as const;
const ANSWER = {
  ...ABOUT,
  method: 'POST',
  rateClass: 'writes',
  keyed: true,
  body: InvitationAnswer,
  bodyOptional: true,
} as const;

export function invitationRoutes(): Route[] {
  return [...sentRoutes(), ...receivedRoutes()];
}

function sentRoutes(): Route[] {
  return [
    userRoute(
      {
        ...SENT,
        method: 'POST',
        path: PATH,
        summary: 'Invite somebody by mail, for 7 days, in place of an earlier invitation.',
        action: 'invitations.send',
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        keyed: true,
        body: NewInvitation,
        status: 201,
        response: SentInvitationBody,
        refusals: ['not-found', 'forbidden', 'too-many', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: organisationId, body: invitation, header, request }) => {
        const params = { caller, organisationId, invitation, ...languageOf(header), request };
        const sent = await call('invitations.send', params);
        if (!sent.ok) return sent;
        const place = PATH.replace('{id}', encodeURIComponent(organisationId));
        const location = ['location', `${place}/${sent.value.id}`] as const;
        return jsonReply(201, sentInvitationBody(sent.value), [location]);
      },
    ),
    userRoute(
      {
        ...SENT,
        method: 'GET',
        path: PATH,
        summary: 'Open invitations of an organisation, all in one page.',
        action: 'invitations.sent',
        rateClass: 'reads',
        status: 200,
        response: SentInvitationPage,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, id: organisationId }) => {
        const listed = await call('invitations.sent', { caller, organisationId });
        if (!listed.ok) return listed;
        return jsonReply(200, { items: listed.value.map(sentInvitationBody), nextCursor: null });
      },
    ),
    userRoute(
      {
        ...SENT,
        method: 'DELETE',
        path: `${PATH}/{invitationId}`,
        summary: 'Withdraw an invitation.',
        action: 'invitations.withdraw',
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', 'forbidden', 'unavailable'],
      },
      async ({ call, caller, ids }) => {
        const [organisationId, invitationId] = [ids['id']!, ids['invitationId']!];
        const params = { caller, organisationId, invitationId };
        const withdrawn = await call('invitations.withdraw', params);
        return withdrawn.ok ? emptyReply(204) : withdrawn;
      },
    ),
  ];
}

function receivedRoutes(): Route[] {
  return [
    userRoute(
      {
        ...ABOUT,
        method: 'GET',
        path: '/v1/users/me/invitations',
        summary: 'Open invitations to the caller’s address, once that is confirmed.',
        rateClass: 'reads',
        status: 200,
        response: ReceivedInvitationPage,
        refusals: ['unavailable'],
      },
      async ({ call, caller }) => {
        const listed = await call('invitations.received', { caller });
        if (!listed.ok) return listed;
        const items = listed.value.map(receivedInvitationBody);
        return jsonReply(200, { items, nextCursor: null });
      },
    ),
    userRoute(
      {
        ...ANSWER,
        path: '/v1/invitations/{id}/accept',
        summary:
          'Accept an invitation to one’s own address, with the token of its mail or without.',
        status: 200,
        response: OwnOrganisationBody,
        refusals: ['not-found', 'forbidden', 'too-many', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: invitationId, body, request }) => {
        const accepted = await call('invitations.accept', {
          caller,
          invitationId,
          ...body,
          request,
        });
        return accepted.ok ? jsonReply(200, ownOrganisationBody(accepted.value)) : accepted;
      },
    ),
    userRoute(
      {
        ...ANSWER,
        path: '/v1/invitations/{id}/decline',
        summary: 'Decline an invitation to one’s own address.',
        status: 204,
        refusals: ['not-found', 'forbidden', 'overloaded', 'unavailable'],
      },
      async ({ call, caller, id: invitationId, body, request }) => {
        const declined = await call('invitations.decline', {
          caller,
          invitationId,
          ...body,
          request,
        });
        return declined.ok ? emptyReply(204) : declined;
      },
    ),
  ];
}
