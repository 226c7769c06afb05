// The routes of one's own account: its sessions (A1c), its password and its e-mail address (A7).

import {
  AccountDeletion,
  AccountSessionsBody,
  EmailChange,
  PasswordChange,
} from '../../contracts/accounts.ts';
import { acceptedLanguage, type Language } from '../../contracts/languages.ts';
import { accountSessionBody } from '../present.ts';
import { attemptRefused } from '../http/rate-limits.ts';
import { emptyReply, JSON_MEDIA_TYPE, jsonReply, type Route, userRoute } from '../http/route.ts';
import type { MediaUrls } from '../media-urls.ts';
import type { StreamSlots } from '../http/stream-slots.ts';
import { AccountExportBody } from '../../contracts/account-export.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import { accountExport } from './account-export.ts';

const ABOUT = { tag: 'accounts', access: 'user' } as const;

export interface AccountRoutesOptions {
  readonly paymentProvider: string;
  readonly slots: StreamSlots;
  readonly urls: MediaUrls;
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export function accountRoutes(options: AccountRoutesOptions): Route[] {
  const { paymentProvider, slots, levels, urls, now } = options;
  return [
    userRoute(
      {
        ...ABOUT,
        method: 'GET',
        path: '/v1/account/sessions',
        summary: "The caller's sessions, the last used first.",
        rateClass: 'reads',
        status: 200,
        response: AccountSessionsBody,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId }, sessionId }) => {
        const sessions = await call('accounts.sessions', { userId, ...ofSession(sessionId) });
        if (!sessions.ok) return sessions;
        return jsonReply(200, { items: sessions.value.map(accountSessionBody) });
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'DELETE',
        path: '/v1/account/sessions/{id}',
        summary: 'End a session: its tokens are refused and its live streams end within a second.',
        rateClass: 'writes',
        status: 204,
        refusals: ['not-found', 'unavailable'],
      },
      async ({ id: endedId, call, caller: { userId } }) => {
        const ended = await call('accounts.endSession', { userId, endedId });
        return ended.ok ? emptyReply(204) : ended;
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'DELETE',
        path: '/v1/account/sessions',
        summary: "End all sessions of the caller but the one of this request's token.",
        rateClass: 'writes',
        status: 204,
        refusals: ['unavailable'],
      },
      async ({ call, caller: { userId }, sessionId }) => {
        const ended = await call('accounts.endOtherSessions', { userId, ...ofSession(sessionId) });
        return ended.ok ? emptyReply(204) : ended;
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: '/v1/account/password',
        summary: "Change the password. All sessions end but the one of this request's token.",
        rateClass: 'log-ins',
        body: PasswordChange,
        status: 204,
        refusals: ['forbidden', 'not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, caller: { userId }, sessionId, body, address }) => {
        const params = { ...body, userId, ...ofSession(sessionId), address };
        const changed = await call('accounts.changePassword', params);
        return changed.ok ? emptyReply(204) : attemptRefused(changed);
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: '/v1/account/deletion',
        summary:
          'Delete the account: sessions end and the address is free at once, the rest of what is ' +
          'personal goes soon. Orders keep the id. Refused while there are drops not yet over, ' +
          'or others in an organisation of which it is the only owner.',
        rateClass: 'log-ins',
        body: AccountDeletion,
        status: 202,
        refusals: [
          'drops-not-over',
          'last-owner',
          'forbidden',
          'not-found',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller: { userId }, body: { password }, address }) => {
        const deleted = await call('accounts.delete', { userId, password, address });
        return deleted.ok ? emptyReply(202) : attemptRefused(deleted);
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'GET',
        path: '/v1/account/export',
        summary:
          'All data of the account as one file: account, sessions, API keys, follows, products, ' +
          'drops, orders, notifications, preferences and push subscriptions.',
        rateClass: 'reads',
        status: 200,
        response: AccountExportBody,
        refusals: ['overloaded', 'unavailable'],
      },
      async ({ call, caller }) => {
        const slot = slots.take(caller.userId);
        if (!slot.ok) return slot;
        const chunks = accountExport({ call, caller, paymentProvider, levels, urls, at: now() });
        const body = { chunks, close: slot.release };
        const name = 'attachment; filename="livedrops-account.json"';
        const headers = [['content-disposition', name]] as const;
        return { ok: true, status: 200, mediaType: JSON_MEDIA_TYPE, body, headers };
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: '/v1/account/email',
        summary:
          'Change the e-mail address: a mail to the new one has a link. When that is followed ' +
          'the address is changed, and the old one is told.',
        rateClass: 'log-ins',
        body: EmailChange,
        status: 202,
        refusals: [
          'email-taken',
          'forbidden',
          'invalid-request',
          'not-found',
          'unavailable',
          'overloaded',
        ],
      },
      async ({ call, caller: { userId }, body, address, header }) => {
        const params = { ...body, userId, address, ...languageOf(header) };
        const asked = await call('accounts.changeEmail', params);
        return asked.ok ? emptyReply(202) : attemptRefused(asked);
      },
    ),
    userRoute(
      {
        ...ABOUT,
        method: 'POST',
        path: '/v1/account/email/confirmation',
        summary:
          'Mail the link again that confirms the e-mail address. Nothing if it is confirmed.',
        rateClass: 'log-ins',
        status: 202,
        refusals: ['not-found', 'unavailable', 'overloaded'],
      },
      async ({ call, caller: { userId }, header }) => {
        const params = { userId, ...languageOf(header) };
        const sent = await call('accounts.sendConfirmation', params);
        return sent.ok ? emptyReply(202) : sent;
      },
    ),
  ];
}

/** Of the Accept-Language header, where it has one of ours. */
export function languageOf(header: (name: string) => string): { language?: Language } {
  const language = acceptedLanguage(header('accept-language'));
  return language === null ? {} : { language };
}

/** No property is undefined: calls cross the network. */
function ofSession(sessionId: string | undefined): { sessionId?: string } {
  return sessionId === undefined ? {} : { sessionId };
}
