// The Moleculer service of `app/api-keys.ts`.

import type { ServiceSchema } from 'moleculer';
import { ApiKeys, type ApiKeysOptions } from '../app/api-keys.ts';
import { defineService } from './moleculer/define-service.ts';

export function keysService(options: ApiKeysOptions): ServiceSchema {
  const apiKeys = new ApiKeys(options);
  return defineService('keys', {
    create: (params) => apiKeys.create(params),
    list: (params) => apiKeys.list(params),
    revoke: (params) => apiKeys.revoke(params),
    revokeAll: (params) => apiKeys.revokeAll(params),
    resolve: (params) => apiKeys.resolve(params),
  });
}
