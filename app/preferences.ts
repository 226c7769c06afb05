// What users want to be told (R2), and the links in mails that end them (RFC 8058). Such a link
// works without a sign-in: its token has a secret of the user's own, so it is good for as long as
// the account.

import { timingSafeEqual } from 'node:crypto';
import type { ActionParams } from '../contracts/actions.ts';
import { USER_ID } from '../contracts/patterns.ts';
import {
  DEFAULT_PREFERENCES,
  MAIL_KINDS,
  type MailKind,
  type Preferences,
} from '../contracts/preferences.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import { changeRecipient } from '../events/reach/recipient-changes.ts';
import type { RecipientStore } from '../storage/ports/recipients.ts';
import type { RandomBytes } from './random-bytes.ts';

const SECRET_BYTES = 16;
const userForm = new RegExp(USER_ID);

export interface PreferencesOptions {
  readonly recipients: RecipientStore;
  readonly random: RandomBytes;
}

export class PreferencesUseCases {
  readonly #options: PreferencesOptions;

  constructor(options: PreferencesOptions) {
    this.#options = options;
  }

  async get({ userId }: ActionParams<'preferences.get'>): Promise<Outcome<Preferences>> {
    const recipient = await this.#options.recipients.find(userId);
    return success(recipient?.preferences ?? DEFAULT_PREFERENCES);
  }

  async change(params: ActionParams<'preferences.change'>): Promise<Outcome<Preferences>> {
    const { recipients, random } = this.#options;
    const { userId, change } = params;
    const secret = Buffer.from(random(SECRET_BYTES)).toString('base64url');
    const changed = await changeRecipient(recipients, userId, (stored) => {
      const { preferences, unsubscribeSecret } = stored;
      const next = {
        ...preferences,
        ...change,
        push: { ...preferences.push, ...change.push },
        mail: { ...preferences.mail, ...change.mail },
      };
      const wantsMail = MAIL_KINDS.some((kind) => next.mail[kind]);
      return {
        preferences: next,
        unsubscribeSecret: unsubscribeSecret ?? (wantsMail ? secret : null),
      };
    });
    return success(changed.preferences);
  }

  /** Ends a kind of mail. Doing so twice is the same. Refuses `forbidden` for any other token. */
  async unsubscribe({ token }: ActionParams<'preferences.unsubscribe'>): Promise<Outcome<null>> {
    const { recipients } = this.#options;
    const parsed = parseToken(token);
    if (parsed === null) return refusal('forbidden');
    const { kind, userId } = parsed;
    const secret = (await recipients.find(userId))?.unsubscribeSecret ?? null;
    if (secret === null || !isSame(secret, parsed.secret)) return refusal('forbidden');
    await changeRecipient(recipients, userId, ({ preferences }) => {
      if (!preferences.mail[kind]) return null;
      return { preferences: { ...preferences, mail: { ...preferences.mail, [kind]: false } } };
    });
    return success(null);
  }
}

function parseToken(
  token: string,
): { readonly kind: MailKind; readonly secret: string; readonly userId: string } | null {
  const [kindText, secret = '', ...rest] = token.split('.');
  const userId = rest.join('.');
  const kind = MAIL_KINDS.find((one) => one === kindText);
  return kind === undefined || !userForm.test(userId) ? null : { kind, secret, userId };
}

/** Compares in constant time. */
function isSame(stored: string, given: string): boolean {
  const [a, b] = [Buffer.from(stored), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
