// The Moleculer services of `app/organisations.ts` and `app/invitations.ts`.

import type { ServiceSchema } from 'moleculer';
import { Invitations, type InvitationsOptions } from '../app/invitations.ts';
import { Organisations, type OrganisationsOptions } from '../app/organisations.ts';
import { defineService } from './moleculer/define-service.ts';

export function organisationsService(options: OrganisationsOptions): ServiceSchema {
  const organisations = new Organisations(options);
  return defineService('organisations', {
    create: (params) => organisations.create(params),
    list: (params) => organisations.list(params),
    get: (params) => organisations.get(params),
    members: (params) => organisations.members(params),
    setRole: (params) => organisations.setRole(params),
    removeMember: (params) => organisations.removeMember(params),
    remove: (params) => organisations.remove(params),
    memberships: (params) => organisations.memberships(params),
  });
}

export function invitationsService(options: InvitationsOptions): ServiceSchema {
  const invitations = new Invitations(options);
  return defineService('invitations', {
    send: (params) => invitations.send(params),
    sent: (params) => invitations.sent(params),
    withdraw: (params) => invitations.withdraw(params),
    received: (params) => invitations.received(params),
    accept: (params) => invitations.accept(params),
    decline: (params) => invitations.decline(params),
  });
}
