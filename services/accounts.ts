// The Moleculer service of `app/accounts.ts` and `app/account-changes.ts`.

import type { ServiceSchema } from 'moleculer';
import { AccountChanges, type AccountChangesOptions } from '../app/account-changes.ts';
import { Accounts, type AccountsOptions } from '../app/accounts.ts';
import { Avatars, type AvatarsOptions } from '../app/avatars.ts';
import { defineService } from './moleculer/define-service.ts';

export function accountsService(
  options: AccountsOptions & AccountChangesOptions & AvatarsOptions,
): ServiceSchema {
  const accounts = new Accounts(options);
  const changes = new AccountChanges(options);
  const avatars = new Avatars(options);
  return defineService('accounts', {
    register: (params) => accounts.register(params),
    login: (params) => accounts.login(params),
    refresh: (params) => accounts.refresh(params.refreshToken),
    logout: (params) => accounts.logout(params.refreshToken),
    profile: (params) => accounts.profile(params.userId),
    profiles: (params) => accounts.profiles(params.userIds),
    sessions: (params) => accounts.sessions(params),
    endSession: (params) => accounts.endSession(params),
    endOtherSessions: (params) => accounts.endOtherSessions(params),
    changePassword: (params) => changes.changePassword(params),
    forgotPassword: (params) => changes.forgotPassword(params),
    resetPassword: (params) => changes.resetPassword(params),
    confirmEmail: (params) => changes.confirmEmail(params),
    sendConfirmation: (params) => changes.sendConfirmation(params),
    delete: (params) => changes.deleteAccount(params),
    changeEmail: (params) => changes.changeEmail(params),
    setAvatar: (params) => avatars.set(params),
    me: (params) => accounts.me(params.userId),
  });
}
