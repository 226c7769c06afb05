// The settings of other issuers: words such as `https://id.example.com` for the main one, and
// `partner=https://login.partner.com` for a further one with a name. What belongs to a further
// issuer carries its name in the same way.

import { AUDITOR_ROLE, CREATOR_ROLE, OPERATOR_ROLE } from '../contracts/accounts.ts';
import { type Issuer, isTrustedUrl, type RoleRule } from '../app/issuers/issuer.ts';

export const ISSUERS_MAX = 8;
export const ROLE_RULES_MAX = 64;
export const ISSUER_ROLES: readonly string[] = [CREATOR_ROLE, OPERATOR_ROLE, AUDITOR_ROLE];

const NAMED = /^([a-z][a-z0-9-]{0,31})=(.+)$/;
const ROLE_RULE = /^(?:([a-z][a-z0-9-]{0,31}),)?([^\s,]{1,128}):([^\s:=]{1,128})=([a-z]+)$/;

export interface IssuerSettings {
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly jwks: readonly string[];
  readonly roles: readonly string[];
}

/** Name and value of each word; the name is empty where the word has none. */
export function namedWords(text: string): readonly (readonly [name: string, value: string])[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [, name = '', value = word] = NAMED.exec(word) ?? [];
      return [name, value] as const;
    });
}

export function isNamedOnce(text: string): boolean {
  const names = namedWords(text).map(([name]) => name);
  return new Set(names).size === names.length;
}

export function isIssuersText(text: string): boolean {
  const words = namedWords(text);
  const urls = words.map(([, url]) => url);
  return (
    words.length <= ISSUERS_MAX &&
    isNamedOnce(text) &&
    new Set(urls).size === urls.length &&
    urls.every((url) => isTrustedUrl(url) && !url.includes('?'))
  );
}

export function isRoleRulesText(text: string): boolean {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.length <= ROLE_RULES_MAX && words.every((word) => roleRule(word) !== null);
}

/** Null where the word is none. A claim's name may be an address, so the last colon counts. */
function roleRule(word: string): (RoleRule & { readonly issuer: string }) | null {
  const match = ROLE_RULE.exec(word);
  if (match === null) return null;
  const [, issuer = '', claim = '', value = '', role = ''] = match;
  return ISSUER_ROLES.includes(role) ? { issuer, claim, value, role } : null;
}

/** The problems between settings that are each valid. */
export function issuerContradictions(settings: IssuerSettings): string[] {
  const names = namesOf(settings.issuers);
  const problems: string[] = [];
  const further = [
    ['LIVEDROPS_AUTH_AUDIENCE', namesOf(settings.audiences).filter((name) => name !== '')],
    ['LIVEDROPS_AUTH_JWKS', namesOf(settings.jwks)],
    ['LIVEDROPS_AUTH_ROLES', settings.roles.map((word) => roleRule(word)!.issuer)],
  ] as const;
  for (const [variable, given] of further) {
    const unknown = given.find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const whom = unknown === '' ? 'a main issuer' : `an issuer ${unknown}`;
    problems.push(`${variable} is about ${whom}, which LIVEDROPS_AUTH_ISSUER does not have`);
  }
  const audiences = new Map(namedWords(settings.audiences.join(' ')));
  for (const name of names) {
    if (audiences.has(name) || audiences.has('')) continue;
    const whose = name === '' ? 'the main issuer' : `the issuer ${name}`;
    problems.push(`LIVEDROPS_AUTH_AUDIENCE must be set for ${whose}: what its tokens say in aud`);
  }
  return problems;
}

function namesOf(words: readonly string[]): string[] {
  return namedWords(words.join(' ')).map(([name]) => name);
}

/** Of settings without contradictions. */
export function issuersOf(settings: IssuerSettings): readonly Issuer[] {
  const audiences = new Map(namedWords(settings.audiences.join(' ')));
  const jwks = new Map(namedWords(settings.jwks.join(' ')));
  const rules = settings.roles.map((word) => roleRule(word)!);
  return namedWords(settings.issuers.join(' ')).map(([name, issuer]) => ({
    name,
    issuer,
    audience: (audiences.get(name) ?? audiences.get(''))!,
    jwksUrl: jwks.get(name) ?? null,
    roles: rules.filter((rule) => rule.issuer === name),
  }));
}
