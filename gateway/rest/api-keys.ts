// The routes of a creator's API keys (A5). A key itself opens none of them.

import {
  ApiKeyPage,
  CreatedApiKeyBody,
  NewApiKey,
  NewApiKeyBody,
} from '../../contracts/api-keys.ts';
import { reader } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type Route, userRoute } from '../http/route.ts';
import { apiKeyBody, createdApiKeyBody } from '../present.ts';

const TAG = 'accounts';
const PATH = '/v1/account/api-keys';
const newApiKey = reader(NewApiKey);

export function apiKeyRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: PATH,
        summary: 'Make an API key for systems of one’s own. The key is shown this once.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        body: NewApiKeyBody,
        status: 201,
        response: CreatedApiKeyBody,
        refusals: ['too-many', 'unavailable'],
      },
      async ({ call, caller, body }) => {
        const created = await call('keys.create', { caller, apiKey: newApiKey(body) });
        if (!created.ok) return created;
        const location = `${PATH}/${created.value.id}`;
        return jsonReply(201, createdApiKeyBody(created.value), [['location', location]]);
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: PATH,
        summary: "The caller's API keys, newest first, all in one page.",
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        status: 200,
        response: ApiKeyPage,
        refusals: ['unavailable'],
      },
      async ({ call, caller }) => {
        const listed = await call('keys.list', { caller });
        if (!listed.ok) return listed;
        return jsonReply(200, { items: listed.value.map(apiKeyBody), nextCursor: null });
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: PATH,
        summary: 'Revoke all API keys of one’s own.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller }) => {
        const revoked = await call('keys.revokeAll', { caller });
        return revoked.ok ? emptyReply(204) : revoked;
      },
    ),
    userRoute(
      {
        method: 'DELETE',
        path: `${PATH}/{id}`,
        summary: 'Revoke an API key. It is refused everywhere within a second.',
        tag: TAG,
        access: 'user',
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller, id: keyId }) => {
        const revoked = await call('keys.revoke', { caller, keyId });
        return revoked.ok ? emptyReply(204) : revoked;
      },
    ),
  ];
}
