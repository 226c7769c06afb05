// The Moleculer service of `app/accounts.ts`.

import type { ServiceSchema } from 'moleculer';
import { Accounts, type AccountsOptions } from '../app/accounts.ts';
import { defineService } from './moleculer/define-service.ts';

export function accountsService(options: AccountsOptions): ServiceSchema {
  const accounts = new Accounts(options);
  return defineService('accounts', {
    register: (params) => accounts.register(params),
    login: (params) => accounts.login(params),
    refresh: (params) => accounts.refresh(params.refreshToken),
    logout: (params) => accounts.logout(params.refreshToken),
    profile: (params) => accounts.profile(params.userId),
    sessions: (params) => accounts.sessions(params),
    endSession: (params) => accounts.endSession(params),
    endOtherSessions: (params) => accounts.endOtherSessions(params),
    changePassword: (params) => accounts.changePassword(params),
    me: (params) => accounts.me(params.userId),
  });
}
