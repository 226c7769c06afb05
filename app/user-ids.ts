// Ids of users whom others name: those of further issuers, and of shops. Each names its users
// within a space of its own, so that two equal names are two users, and nobody's plain id can be
// taken: the id begins with the space, and plain ids of foreign tokens may not look like that, nor
// like an organisation's.

import { createHash } from 'node:crypto';
import { USER_ID } from '../contracts/patterns.ts';

/** The form of a space: of an issuer `@` and its name, of a shop `~` and its creator. */
const SPACE = '[@~][A-Za-z0-9_.-]{1,64}';
const PLAIN_CREATOR = /^[A-Za-z0-9_-]{1,64}$/;
const scoped = new RegExp(`^${SPACE}:`);
/** Before the ids of organisations that are nobody's account. */
export const ORGANISATION = 'o';
const organisation = new RegExp(`^${ORGANISATION}_[A-Za-z0-9_-]{22,25}$`);
const plain = new RegExp(USER_ID);
/** Before a name that does not fit and is hashed. A name that begins with it is hashed, too. */
const HASHED = '#';

/**
 * The id of the user `name` in a space such as `@partner`. A name with other characters than
 * visible ASCII, or one that is too long, is hashed (SHA-256): the same name gives the same id.
 */
export function scopedUserId(space: string, name: string): string {
  const id = `${space}:${name}`;
  if (plain.test(id) && !name.startsWith(HASHED) && name !== '') return id;
  const hash = createHash('sha256').update(name).digest('base64url');
  return `${space}:${HASHED}${hash}`;
}

/**
 * The space of a shop's users. A creator whose id has another form than those of accounts here is
 * hashed; the full stop is in no other space.
 */
export function shopSpace(creatorId: string): string {
  if (PLAIN_CREATOR.test(creatorId)) return `~${creatorId}`;
  return `~.${createHash('sha256').update(creatorId).digest('base64url')}`;
}

/** The id of the user whom the shop of this creator calls `name`. */
export function shopUserId(creatorId: string, name: string): string {
  return scopedUserId(shopSpace(creatorId), name);
}

/** Whether a user's plain id could be taken for one of a space. */
export function isScoped(userId: string): boolean {
  return scoped.test(userId);
}

/** Whether it has the form of an organisation's id: nobody is one, so nobody's token may say so. */
export function isOrganisationId(userId: string): boolean {
  return organisation.test(userId);
}

/** The id of the organisation that a request with a key makes; the same for the same request. */
export function organisationIdOf(requestId: string): string {
  return `${ORGANISATION}_${requestId}`;
}
