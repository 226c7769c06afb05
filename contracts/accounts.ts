// Accounts: registration, log-in, sessions, profiles, and what an access token says.

import { Type } from 'typebox';
import {
  EMAIL_LENGTH_MAX,
  NAME_LENGTH_MAX,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
  SECOND_FACTOR_CODE_LENGTH_MAX,
} from './bounds.ts';
import { Picture } from './media.ts';
import { Membership } from './organisations.ts';
import type { Plain } from './plain.ts';
import type { Refusal } from './refusals.ts';
import { EMAIL, LINE, PASSWORD } from './patterns.ts';
import { count, id, STRICT, time, TOKEN_TEXT, userId } from './scalars.ts';
import { markTime, wire } from './wire.ts';

const email = Type.String({ maxLength: EMAIL_LENGTH_MAX, pattern: EMAIL });
const password = Type.String({
  minLength: PASSWORD_LENGTH_MIN,
  maxLength: PASSWORD_LENGTH_MAX,
  pattern: PASSWORD,
});
const name = Type.String({ minLength: 1, maxLength: NAME_LENGTH_MAX, pattern: LINE });
const refreshToken = Type.String(TOKEN_TEXT);

// What is asked

export const Register = Type.Object({ email, password, name }, { ...STRICT, title: 'Register' });
export type Register = Plain<typeof Register>;

/** Bounds only: whether a password was once allowed is no reason to tell a guesser so. */
const anyPassword = Type.String({ maxLength: PASSWORD_LENGTH_MAX });
const code = Type.String({
  maxLength: SECOND_FACTOR_CODE_LENGTH_MAX,
  description: 'of the second factor, where the account has one: 6 digits, or a recovery code',
});
export const LogIn = Type.Object(
  { email, password: anyPassword, code: Type.Optional(code) },
  { ...STRICT, title: 'LogIn' },
);
export type LogIn = Plain<typeof LogIn>;

export const Refresh = Type.Object({ refreshToken }, { ...STRICT, title: 'Refresh' });
export type Refresh = Plain<typeof Refresh>;

export const PasswordChange = Type.Object(
  { currentPassword: anyPassword, newPassword: password },
  { ...STRICT, title: 'PasswordChange' },
);
export type PasswordChange = Plain<typeof PasswordChange>;

export const ForgottenPassword = Type.Object({ email }, { ...STRICT, title: 'ForgottenPassword' });

/** Of a mailed link. */
const linkToken = Type.String({ ...TOKEN_TEXT, description: 'of the link in the mail' });
export const NewPassword = Type.Object(
  { token: linkToken, newPassword: password },
  { ...STRICT, title: 'NewPassword' },
);
export const ConfirmEmail = Type.Object({ token: linkToken }, { ...STRICT, title: 'ConfirmEmail' });
export const AccountDeletion = Type.Object(
  { password: anyPassword },
  { ...STRICT, title: 'AccountDeletion' },
);
export const EmailChange = Type.Object(
  { email, password: anyPassword },
  { ...STRICT, title: 'EmailChange' },
);

export const ProfilePatch = Type.Object(
  {
    avatarMediaId: Type.Union([id, Type.Null()], {
      description: 'an uploaded picture (purpose avatar); null takes it away',
    }),
  },
  { ...STRICT, title: 'ProfilePatch' },
);

// What is answered

const profile = {
  id: userId,
  name: Type.String(),
  followerCount: count,
  followingCount: count,
  createdAt: time,
  picture: Type.Optional(Picture),
};
export const PublicProfile = Type.Object(
  { ...profile, deleted: Type.Optional(Type.Literal(true)) },
  { title: 'Profile' },
);
export type PublicProfile = Plain<typeof PublicProfile>;

export const OwnProfile = Type.Object(
  {
    ...profile,
    email: Type.String(),
    emailConfirmed: Type.Boolean({ description: 'whether a mail to it was answered' }),
    roles: Type.Array(Type.String()),
  },
  { title: 'OwnProfile' },
);
export type OwnProfile = Plain<typeof OwnProfile>;

export const Session = Type.Object(
  {
    user: OwnProfile,
    accessToken: Type.String(),
    refreshToken: Type.String(),
    expiresIn: Type.Integer({ description: 'seconds until the access token ends' }),
  },
  { title: 'Session' },
);
export type Session = Plain<typeof Session>;

export const AccountSession = Type.Object(
  {
    id,
    device: Type.String({ description: 'what the client said it is, from its User-Agent' }),
    createdAt: time,
    lastUsedAt: markTime(
      Type.Integer({ description: 'to within 15 minutes: the last change of its refresh token' }),
    ),
    expiresAt: time,
    current: Type.Boolean({ description: 'whether it is the session that asks' }),
  },
  { title: 'AccountSession' },
);
export type AccountSession = Plain<typeof AccountSession>;
export const AccountSessionsBody = Type.Object(
  { items: Type.Array(wire(AccountSession)) },
  { title: 'AccountSessions' },
);

/** Too many failed attempts; nothing else about them is said (A3). */
export interface AttemptsSpent extends Refusal {
  readonly code: 'rate-limited';
  /** What no key gets more of in any window; half of it is there at once. */
  readonly limit: {
    readonly name: string;
    readonly quota: number;
    readonly windowSeconds: number;
  };
  /** Milliseconds until there is one attempt again. */
  readonly waitMs: number;
}

/** Of the access tokens that log-in and refresh give (A1). */
export const ACCESS_TOKEN_LIFETIME_SECONDS = 15 * 60;

/** Whom a verified access token speaks for (A2). */
export const TokenIdentity = Type.Object({
  userId,
  roles: Type.Array(Type.String()),
  /** Seconds since the Unix epoch, the token's `exp`. */
  expiresAt: Type.Number(),
  /** The session that it was made for; absent for tokens without one (A1c). */
  sessionId: Type.Optional(Type.String()),
});
export type TokenIdentity = Plain<typeof TokenIdentity>;

/**
 * Why a token speaks for nobody now. An expired one has a good signature (A3a). `undecided`: the
 * keys of its issuer are being fetched, so the same token may be valid a moment later (A4).
 */
export type TokenRefusal = 'invalid' | 'expired' | 'undecided';

/** Who asks, for what only some may do. Use cases decide by it; drops' actors get a `Caller`. */
export const Requester = Type.Object({
  ...Type.Pick(TokenIdentity, ['userId', 'roles']).properties,
  /** In organisations of creators (A10), where what is asked may be done for one. */
  memberships: Type.Optional(Type.Array(Membership)),
});
export type Requester = Plain<typeof Requester>;

// On the wire

export const ProfileBody = wire(PublicProfile);
export const OwnProfileBody = wire(OwnProfile);
export const SessionBody = wire(Session);
