// What everybody does: follow, read notifications, end sessions, work in organisations.

import { OwnProfileBody } from '../../contracts/accounts.ts';
import { MemberBody, SentInvitationBody } from '../../contracts/organisations.ts';
import { MadeBanBody } from '../../contracts/restrictions.ts';
import type { Catalogue } from './catalogue.ts';
import type { Context } from './context.ts';
import { addMutation, type Done } from './mutations.ts';
import type { Parts } from './parts.ts';

export function addAccountMutations(
  parts: Parts,
  { user }: Catalogue,
  { job, organisation }: { readonly job: unknown; readonly organisation: unknown },
): void {
  const creator = {
    ids: [['creatorId', 'User']],
    payload: {
      name: 'creator',
      type: user,
      nullable: true,
      from: ({ ids }: Done, { users }: Context) => users.load(ids['creatorId']!),
    },
  } as const;
  const ofOrganisation = ['organisationId', 'User'] as const;
  const ofUser = ['userId', 'User'] as const;
  const ofInvitation = ['invitationId', 'Invitation'] as const;
  const one = { name: 'organisation', type: organisation } as const;
  addMutation(parts, { name: 'followCreator', route: 'POST /v1/creators/{id}/follow', ...creator });
  addMutation(parts, {
    name: 'unfollowCreator',
    route: 'DELETE /v1/creators/{id}/follow',
    ...creator,
  });
  addMutation(parts, {
    name: 'markNotificationRead',
    route: 'POST /v1/notifications/{id}/read',
    ids: [['notificationId', 'Notification']],
  });
  addMutation(parts, {
    name: 'markNotificationsRead',
    route: 'POST /v1/notifications/read-all',
  });
  addMutation(parts, {
    name: 'endSession',
    route: 'DELETE /v1/account/sessions/{id}',
    ids: [['sessionId', 'Session']],
  });
  addMutation(parts, {
    name: 'changeProfile',
    route: 'PATCH /v1/users/me',
    payload: { name: 'account', type: parts.shapes.objectOf(OwnProfileBody) },
  });
  addMutation(parts, {
    name: 'removeMedia',
    route: 'DELETE /v1/media/{id}',
    ids: [['mediaId', 'Media']],
  });
  addMutation(parts, { name: 'endOtherSessions', route: 'DELETE /v1/account/sessions' });
  addMutation(parts, {
    name: 'sendEmailConfirmation',
    route: 'POST /v1/account/email/confirmation',
  });
  addMutation(parts, {
    name: 'cancelJob',
    route: 'POST /v1/jobs/{id}/cancel',
    ids: [['jobId', 'Job']],
    payload: { name: 'job', type: job },
  });
  addMutation(parts, {
    name: 'banUser',
    route: 'PUT /v1/creators/{id}/bans/{userId}',
    ids: [['creatorId', 'User'], ofUser],
    payload: {
      name: 'ban',
      type: parts.shapes.objectOf(MadeBanBody.properties.ban),
      from: ({ body }: Done) => body['ban'],
    },
  });
  addMutation(parts, {
    name: 'liftBan',
    route: 'DELETE /v1/creators/{id}/bans/{userId}',
    ids: [['creatorId', 'User'], ofUser],
  });
  addMutation(parts, {
    name: 'createOrganisation',
    route: 'POST /v1/organisations',
    payload: one,
  });
  addMutation(parts, {
    name: 'removeOrganisation',
    route: 'DELETE /v1/organisations/{id}',
    ids: [ofOrganisation],
  });
  addMutation(parts, {
    name: 'setMemberRole',
    route: 'PUT /v1/organisations/{id}/members/{userId}',
    ids: [ofOrganisation, ofUser],
    payload: { name: 'member', type: parts.shapes.objectOf(MemberBody) },
  });
  addMutation(parts, {
    name: 'removeMember',
    route: 'DELETE /v1/organisations/{id}/members/{userId}',
    ids: [ofOrganisation, ofUser],
  });
  addMutation(parts, {
    name: 'sendInvitation',
    route: 'POST /v1/organisations/{id}/invitations',
    ids: [ofOrganisation],
    payload: { name: 'invitation', type: parts.shapes.objectOf(SentInvitationBody) },
  });
  addMutation(parts, {
    name: 'withdrawInvitation',
    route: 'DELETE /v1/organisations/{id}/invitations/{invitationId}',
    ids: [ofOrganisation, ofInvitation],
  });
  addMutation(parts, {
    name: 'acceptInvitation',
    route: 'POST /v1/invitations/{id}/accept',
    ids: [ofInvitation],
    payload: one,
  });
  addMutation(parts, {
    name: 'declineInvitation',
    route: 'POST /v1/invitations/{id}/decline',
    ids: [ofInvitation],
  });
}
