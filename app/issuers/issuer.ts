// An issuer whose tokens are accepted beside one's own, as it is configured.

/** A role for users of whom a claim of the token says a value: never a claim's own word. */
export interface RoleRule {
  /** The name of a claim, or names with dots between for one inside others. */
  readonly claim: string;
  readonly value: string;
  readonly role: string;
}

export interface Issuer {
  /** Empty: the main issuer, whose users have plain ids. */
  readonly name: string;
  /** Exactly as its tokens say in `iss`. */
  readonly issuer: string;
  /** Its tokens are accepted only where `aud` has this. */
  readonly audience: string;
  /** The address of its keys. Null: found by its `.well-known/openid-configuration`. */
  readonly jwksUrl: string | null;
  readonly roles: readonly RoleRule[];
}

/** Encrypted, or on this machine: everybody else could exchange the keys on their way. */
export function isTrustedUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, hash } = new URL(text);
  if (username !== '' || hash !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
