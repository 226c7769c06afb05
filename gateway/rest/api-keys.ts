// The routes of API keys (A5): of one's own, and of an organisation for its owners (A10). A key
// itself opens none of them.

import {
  ApiKeyPage,
  CreatedApiKeyBody,
  NewApiKey,
  NewApiKeyBody,
} from '../../contracts/api-keys.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import { reader } from '../../contracts/wire.ts';
import { emptyReply, jsonReply, type PathIds, type Route, userRoute } from '../http/route.ts';
import { apiKeyBody, createdApiKeyBody } from '../present.ts';

const newApiKey = reader(NewApiKey);

/** Whose keys some routes are about. */
interface Whose {
  readonly path: string;
  readonly about: { readonly tag: string; readonly idsOfUsers?: readonly string[] };
  /** What the summaries call the keys. */
  readonly keys: string;
  /** The name of a key's id in a path. */
  readonly keyName: 'id' | 'keyId';
  /** Only members may do what is done for an organisation. */
  readonly isOrganisation: boolean;
}

const OWN: Whose = {
  path: '/v1/account/api-keys',
  about: { tag: 'accounts' },
  keys: 'of one’s own',
  keyName: 'id',
  isOrganisation: false,
};
const OF_ORGANISATION: Whose = {
  path: '/v1/organisations/{id}/api-keys',
  about: { tag: 'organisations', idsOfUsers: ['id'] },
  keys: 'of an organisation',
  keyName: 'keyId',
  isOrganisation: true,
};

export function apiKeyRoutes(): Route[] {
  return [...keyRoutes(OWN), ...keyRoutes(OF_ORGANISATION)];
}

function keyRoutes({ path, about, keys, keyName, isOrganisation }: Whose): Route[] {
  const creatorIn = ({ id }: PathIds) => (isOrganisation ? { creatorId: id! } : {});
  const common = { ...about, access: 'user' } as const;
  const stranger: readonly RefusalCode[] = isOrganisation ? ['not-found', 'forbidden'] : [];
  const action = <A extends string>(one: A) => (isOrganisation ? { action: one } : {});
  return [
    userRoute(
      {
        ...common,
        ...action('keys.create'),
        method: 'POST',
        path,
        summary: `Make an API key for systems ${keys}. The key is shown this once.`,
        rateClass: 'writes',
        refusesBanned: 'everywhere',
        body: NewApiKeyBody,
        status: 201,
        response: CreatedApiKeyBody,
        refusals: [...stranger, 'too-many', 'unavailable'],
      },
      async ({ call, caller, ids, body }) => {
        const params = { caller, ...creatorIn(ids), apiKey: newApiKey(body) };
        const created = await call('keys.create', params);
        if (!created.ok) return created;
        const place = path.replace('{id}', encodeURIComponent(ids['id'] ?? ''));
        const location = ['location', `${place}/${created.value.id}`] as const;
        return jsonReply(201, createdApiKeyBody(created.value), [location]);
      },
    ),
    userRoute(
      {
        ...common,
        ...action('keys.list'),
        method: 'GET',
        path,
        summary: `API keys ${keys}, newest first, all in one page.`,
        rateClass: 'reads',
        status: 200,
        response: ApiKeyPage,
        refusals: [...stranger, 'unavailable'],
      },
      async ({ call, caller, ids }) => {
        const listed = await call('keys.list', { caller, ...creatorIn(ids) });
        if (!listed.ok) return listed;
        return jsonReply(200, { items: listed.value.map(apiKeyBody), nextCursor: null });
      },
    ),
    userRoute(
      {
        ...common,
        ...action('keys.revokeAll'),
        method: 'DELETE',
        path,
        summary: `Revoke all API keys ${keys}.`,
        rateClass: 'writes',
        status: 204,
        refusals: [...stranger, 'unavailable'],
      },
      async ({ call, caller, ids }) => {
        const revoked = await call('keys.revokeAll', { caller, ...creatorIn(ids) });
        return revoked.ok ? emptyReply(204) : revoked;
      },
    ),
    userRoute(
      {
        ...common,
        ...action('keys.revoke'),
        method: 'DELETE',
        path: `${path}/{${keyName}}`,
        summary: `Revoke an API key ${keys}. It is refused everywhere within a second.`,
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', ...(isOrganisation ? (['forbidden'] as const) : []), 'unavailable'],
      },
      async ({ call, caller, ids }) => {
        const params = { caller, ...creatorIn(ids), keyId: ids[keyName]! };
        const revoked = await call('keys.revoke', params);
        return revoked.ok ? emptyReply(204) : revoked;
      },
    ),
  ];
}
