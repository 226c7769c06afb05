// The routes of registration, log-in, token rotation, log-out and profiles (A1, A3).

import { cachedReply } from '../cache/cached-reply.ts';
import { profileRead } from '../cache/entity-reads.ts';
import type { PublicReads } from '../cache/public-reads.ts';
import type { MediaUrls } from '../media-urls.ts';
import { attemptRefused } from '../http/rate-limits.ts';
import { emptyReply, jsonReply, route, type Route, userRoute } from '../http/route.ts';
import { languageOf } from './account.ts';
import {
  ConfirmEmail,
  ForgottenPassword,
  LogIn,
  NewPassword,
  OwnProfileBody,
  ProfileBody,
  ProfilePatch,
  Refresh,
  Register,
  SessionBody,
} from '../../contracts/accounts.ts';

const TAG = 'accounts';

export interface AuthRoutesOptions {
  readonly reads: PublicReads;
  readonly urls: MediaUrls;
}

export function authRoutes({ reads, urls }: AuthRoutesOptions): Route[] {
  return [
    route(
      {
        method: 'POST',
        path: '/v1/auth/register',
        summary: 'Make an account and log in.',
        tag: TAG,
        access: 'public',
        rateClass: 'log-ins',
        body: Register,
        status: 201,
        response: SessionBody,
        refusals: ['email-taken', 'unavailable', 'overloaded'],
      },
      async ({ call, body, header }) => {
        const { email, password, name } = body;
        const device = header('user-agent');
        const about = { device, ...languageOf(header) };
        const registered = await call('accounts.register', { email, password, name, ...about });
        if (!registered.ok) return registered;
        const location = `/v1/users/${registered.value.user.id}`;
        return jsonReply(201, urls.session(registered.value), [['location', location]]);
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/auth/login',
        summary:
          'Log in with e-mail and password; operators with a code of their second factor, too.',
        tag: TAG,
        access: 'public',
        rateClass: 'log-ins',
        body: LogIn,
        status: 200,
        response: SessionBody,
        refusals: ['unauthenticated', 'second-factor-required', 'unavailable', 'overloaded'],
      },
      async ({ call, body, address, header }) => {
        const device = header('user-agent');
        const session = await call('accounts.login', { ...body, address, device });
        return session.ok ? jsonReply(200, urls.session(session.value)) : attemptRefused(session);
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/auth/refresh',
        summary:
          'Change a refresh token for new tokens. It gives the same ones for 30 seconds; ' +
          'using it after that revokes its family.',
        tag: TAG,
        access: 'public',
        rateClass: 'writes',
        body: Refresh,
        status: 200,
        response: SessionBody,
        refusals: ['unauthenticated', 'unavailable'],
      },
      async ({ call, body }) => {
        const session = await call('accounts.refresh', { refreshToken: body.refreshToken });
        return session.ok ? jsonReply(200, urls.session(session.value)) : session;
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/auth/logout',
        summary:
          'End the session of a refresh token: its tokens are refused and its live streams end ' +
          'within a second.',
        tag: TAG,
        access: 'public',
        rateClass: 'writes',
        body: Refresh,
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, body }) => {
        const done = await call('accounts.logout', { refreshToken: body.refreshToken });
        return done.ok ? emptyReply(204) : done;
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/auth/forgot-password',
        summary:
          'Mail a link for a new password. The answer is the same whether or not there is such ' +
          'an account.',
        tag: TAG,
        access: 'public',
        rateClass: 'log-ins',
        body: ForgottenPassword,
        status: 202,
        refusals: ['unavailable', 'overloaded'],
      },
      async ({ call, body, header }) => {
        const params = { email: body.email, ...languageOf(header) };
        const asked = await call('accounts.forgotPassword', params);
        return asked.ok ? emptyReply(202) : asked;
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/auth/reset-password',
        summary: 'Set a new password by the token of a mailed link. All sessions end.',
        tag: TAG,
        access: 'public',
        rateClass: 'log-ins',
        body: NewPassword,
        status: 204,
        refusals: ['forbidden', 'unavailable', 'overloaded'],
      },
      async ({ call, body: { token, newPassword } }) => {
        const reset = await call('accounts.resetPassword', { token, newPassword });
        return reset.ok ? emptyReply(204) : reset;
      },
    ),
    route(
      {
        method: 'POST',
        path: '/v1/auth/confirm-email',
        summary: 'Confirm an e-mail address, or a change of it, by the token of a mailed link.',
        tag: TAG,
        access: 'public',
        rateClass: 'log-ins',
        body: ConfirmEmail,
        status: 204,
        refusals: ['forbidden', 'email-taken', 'unavailable'],
      },
      async ({ call, body: { token } }) => {
        const confirmed = await call('accounts.confirmEmail', { token });
        return confirmed.ok ? emptyReply(204) : confirmed;
      },
    ),
    userRoute(
      {
        method: 'GET',
        path: '/v1/users/me',
        summary: "The caller's own profile.",
        tag: TAG,
        access: 'user',
        rateClass: 'reads',
        status: 200,
        response: OwnProfileBody,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller }) => {
        const profile = await call('accounts.me', { userId: caller.userId });
        return profile.ok ? jsonReply(200, urls.ownProfile(profile.value)) : profile;
      },
    ),
    userRoute(
      {
        method: 'PATCH',
        path: '/v1/users/me',
        summary: "Change the caller's own profile.",
        tag: TAG,
        access: 'user',
        refusesBanned: 'everywhere',
        rateClass: 'writes',
        body: ProfilePatch,
        status: 200,
        response: OwnProfileBody,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ call, caller: { userId }, body }) => {
        const set = await call('accounts.setAvatar', { userId, mediaId: body.avatarMediaId });
        if (!set.ok) return set;
        const profile = await call('accounts.me', { userId });
        return profile.ok ? jsonReply(200, urls.ownProfile(profile.value)) : profile;
      },
    ),
    route(
      {
        method: 'GET',
        path: '/v1/users/{id}',
        idsOfUsers: ['id'],
        summary: 'A public profile.',
        tag: TAG,
        access: 'public',
        rateClass: 'reads',
        status: 200,
        response: ProfileBody,
        refusals: ['not-found', 'unavailable'],
        cache: 'public, max-age=5, stale-while-revalidate=5, stale-if-error=60',
      },
      async ({ call, id }) => {
        const load = () => call('accounts.profile', { userId: id });
        return await cachedReply(reads, profileRead(id, load, urls));
      },
    ),
  ];
}
