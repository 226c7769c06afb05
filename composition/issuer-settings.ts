// The settings of other issuers: words such as `https://id.example.com` for the main one, and
// `partner=https://login.partner.com` for a further one with a name. What belongs to a further
// issuer carries its name in the same way.

import { AUDITOR_ROLE, CREATOR_ROLE, OPERATOR_ROLE } from '../contracts/role-names.ts';
import { type Issuer, isTrustedUrl, type RoleRule } from '../app/issuers/issuer.ts';
import { wordList } from './setting-shapes.ts';

const ISSUERS_MAX = 8;
const ROLE_RULES_MAX = 64;
const ISSUER_ROLES: readonly string[] = [CREATOR_ROLE, OPERATOR_ROLE, AUDITOR_ROLE];

const NAMED = /^([a-z][a-z0-9-]{0,31})=(.+)$/;
const ROLE_RULE = /^(?:([a-z][a-z0-9-]{0,31}),)?([^\s,]{1,128}):([^\s:=]{1,128})=([a-z]+)$/;

/** By the variable's name without `LIVEDROPS_`. */
export const ISSUER_SETTINGS = {
  AUTH_ISSUER: wordList(
    {
      default: '',
      description:
        'Issuers whose tokens are accepted, too: the main one as its URL, others as NAME=URL.',
      requirement:
        'must be https:// addresses with spaces between, as NAME=URL but for one; http:// only ' +
        `on this machine; ${ISSUERS_MAX} at most`,
    },
    isIssuersText,
  ),
  AUTH_AUDIENCE: wordList(
    {
      default: '',
      description: 'What their tokens must say in aud: for all, and as NAME=AUDIENCE for one.',
      requirement: 'must be audiences with spaces between, as NAME=AUDIENCE but for one',
    },
    isNamedOnce,
  ),
  AUTH_JWKS: wordList(
    {
      default: '',
      description:
        "Where their keys are; unset: found by the issuer's .well-known/openid-configuration.",
      requirement: 'must be https:// addresses with spaces between, as NAME=URL but for one',
    },
    (text) => isNamedOnce(text) && namedWords(text).every(([, url]) => isTrustedUrl(url)),
  ),
  AUTH_ROLES: wordList(
    {
      default: '',
      description: 'Roles by a claim of their tokens: CLAIM:VALUE=ROLE, or NAME,CLAIM:VALUE=ROLE.',
      requirement:
        `must be CLAIM:VALUE=ROLE or NAME,CLAIM:VALUE=ROLE with spaces between, where ROLE is ` +
        `${ISSUER_ROLES.join(' or ')}; ${ROLE_RULES_MAX} at most`,
    },
    isRoleRulesText,
  ),
};

interface IssuerSettings {
  readonly issuers: readonly string[];
  readonly audiences: readonly string[];
  readonly jwks: readonly string[];
  readonly roles: readonly string[];
}

/** Name and value of each word; the name is empty where the word has none. */
function namedWords(text: string): readonly (readonly [name: string, value: string])[] {
  return text
    .split(/\s+/)
    .filter((word) => word !== '')
    .map((word) => {
      const [, name = '', value = word] = NAMED.exec(word) ?? [];
      return [name, value] as const;
    });
}

function isNamedOnce(text: string): boolean {
  const names = namedWords(text).map(([name]) => name);
  return new Set(names).size === names.length;
}

function isIssuersText(text: string): boolean {
  const words = namedWords(text);
  const urls = words.map(([, url]) => url);
  return (
    words.length <= ISSUERS_MAX &&
    isNamedOnce(text) &&
    new Set(urls).size === urls.length &&
    urls.every((url) => isTrustedUrl(url) && !url.includes('?'))
  );
}

function isRoleRulesText(text: string): boolean {
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
