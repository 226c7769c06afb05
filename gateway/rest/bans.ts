// The routes of bans (A9): operators', of users everywhere, and creators', from their own drops.

import { type Page, PageQuery } from '../../contracts/paging.ts';
import {
  Ban,
  BanPage,
  BanQuery,
  MadeBan,
  MadeBanBody,
  NewBan,
  NewBanBody,
} from '../../contracts/restrictions.ts';
import { presenter, reader } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { pageBody } from '../present.ts';
import { operatorRoute } from './operator-route.ts';
import { pageRequest } from './paging.ts';

const newBan = reader(NewBan);
const banBody = presenter(Ban);
const madeBody = presenter(MadeBan);
const REFUSALS = ['too-many', 'overloaded'] as const;

function banPage(page: Page<Ban>) {
  return jsonReply(200, pageBody(page, banBody));
}

export function operatorBanRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'bans'),
        summary: 'Users who are banned everywhere, or by a creator, newest first.',
        query: BanQuery,
        response: BanPage,
      },
      async ({ call, caller, query }) => {
        const { creator_id: creatorId = null, ...rest } = query;
        const listed = await call('bans.list', { caller, creatorId, page: pageRequest(rest) });
        return listed.ok ? banPage(listed.value) : listed;
      },
    ),
    userRoute(
      {
        ...operatorRoute('PUT', 'bans/{id}', [...REFUSALS]),
        idsOfUsers: ['id'],
        summary:
          'Ban a user everywhere, or change the ban. Orders are refused within a second, and ' +
          'holds are let go.',
        body: NewBanBody,
        response: MadeBanBody,
      },
      async ({ call, caller, id: userId, body }) => {
        const ban = { caller, creatorId: null, userId, ban: newBan(body) };
        const made = await call('bans.put', ban);
        return made.ok ? jsonReply(200, madeBody(made.value)) : made;
      },
    ),
    userRoute(
      {
        ...operatorRoute('DELETE', 'bans/{id}', ['not-found']),
        idsOfUsers: ['id'],
        summary: 'Lift the ban of a user everywhere.',
        status: 204,
      },
      async ({ call, caller, id: userId }) => {
        const lifted = await call('bans.lift', { caller, creatorId: null, userId });
        return lifted.ok ? emptyReply(204) : lifted;
      },
    ),
  ];
}

const PATH = '/v1/creators/{id}/bans';
const OF_CREATORS = { tag: 'creators', access: 'user' } as const;

export function creatorBanRoutes(): Route[] {
  return [
    userRoute(
      {
        ...OF_CREATORS,
        method: 'GET',
        action: 'bans.list',
        path: PATH,
        idsOfUsers: ['id'],
        summary: 'Users whom the creator has banned, newest first; for the creator and operators.',
        rateClass: 'reads',
        query: PageQuery,
        status: 200,
        response: BanPage,
        refusals: ['forbidden', 'unavailable'],
      },
      async ({ call, caller, id: creatorId, query }) => {
        const listed = await call('bans.list', { caller, creatorId, page: pageRequest(query) });
        return listed.ok ? banPage(listed.value) : listed;
      },
    ),
    userRoute(
      {
        ...OF_CREATORS,
        method: 'PUT',
        action: 'bans.put',
        path: `${PATH}/{userId}`,
        idsOfUsers: ['id', 'userId'],
        summary:
          'Ban a user from the creator’s drops, or change the ban. The user’s holds are let go, ' +
          'and the user follows the creator no more.',
        rateClass: 'writes',
        body: NewBanBody,
        status: 200,
        response: MadeBanBody,
        refusals: ['forbidden', ...REFUSALS, 'unavailable'],
      },
      async ({ call, caller, id: creatorId, ids, body }) => {
        const ban = { caller, creatorId, userId: ids['userId']!, ban: newBan(body) };
        const made = await call('bans.put', ban);
        return made.ok ? jsonReply(200, madeBody(made.value)) : made;
      },
    ),
    userRoute(
      {
        ...OF_CREATORS,
        method: 'DELETE',
        action: 'bans.lift',
        path: `${PATH}/{userId}`,
        idsOfUsers: ['id', 'userId'],
        summary: 'Lift the creator’s ban of a user.',
        rateClass: 'writes',
        status: 204,
        refusals: ['forbidden', 'not-found', 'unavailable'],
      },
      async ({ call, caller, id: creatorId, ids }) => {
        const userId = ids['userId']!;
        const lifted = await call('bans.lift', { caller, creatorId, userId });
        return lifted.ok ? emptyReply(204) : lifted;
      },
    ),
  ];
}
