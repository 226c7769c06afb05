// The settings of the secrets that nodes make by themselves: for access tokens, for the details of
// orders, and for passes. Those of payment providers are in `payment-settings.ts`.

import { resolve } from 'node:path';
import { Type } from 'typebox';
import { SECRETS_MAX } from '../app/signing-secrets.ts';
import { meaning, wordList, wordsOf } from './setting-shapes.ts';

const SECRET_CHARACTERS_MIN = 32;

/** By the variable's name without `LIVEDROPS_`. */
export const SECRET_SETTINGS = {
  AUTH_SECRET: Type.String({
    pattern: `^$|^[^]{${SECRET_CHARACTERS_MIN},}$`,
    default: '',
    secret: true,
    description: 'Signs access tokens.',
    requirement: `must have at least ${SECRET_CHARACTERS_MIN} characters`,
  }),
  AUTH_SECRETS_VERIFY: secretList(
    SECRETS_MAX - 1,
    'Further secrets, which verify access tokens and sign none.',
  ),
  AUTH_SECRET_FILE: meaning<string | null>(
    {
      default: '',
      description:
        'A file of secrets for access tokens, one a line, instead of AUTH_SECRET; read again ' +
        'when it changes.',
      requirement: 'must be the path of a file',
    },
    () => true,
    (path) => (path === '' ? null : resolve(path)),
  ),
  DETAILS_SECRET: secretList(
    SECRETS_MAX,
    'Encrypts the keys that details of orders are encrypted with; several with spaces ' +
      'between: the first encrypts, all decrypt.',
  ),
  PASS_SECRET: secretList(
    SECRETS_MAX,
    'Signs passes for drops; several with spaces between: the first signs, all verify.',
  ),
};

function secretList(countMax: number, description: string) {
  return wordList(
    {
      default: '',
      secret: true,
      description,
      requirement:
        `must be secrets of at least ${SECRET_CHARACTERS_MIN} characters with spaces ` +
        `between, ${countMax} at most`,
    },
    (text) => {
      const words = wordsOf(text);
      return (
        words.length <= countMax && words.every(({ length }) => length >= SECRET_CHARACTERS_MIN)
      );
    },
  );
}

/** The problems between settings that are each valid. */
export function secretContradictions(settings: {
  readonly secret: string;
  readonly secretsVerify: readonly string[];
  readonly file: string | null;
}): readonly string[] {
  if (settings.file === null) return [];
  const problem = (name: string) =>
    `LIVEDROPS_AUTH_SECRET_FILE is instead of LIVEDROPS_${name}: set one of them`;
  return [
    ...(settings.secret.length > 0 ? [problem('AUTH_SECRET')] : []),
    ...(settings.secretsVerify.length > 0 ? [problem('AUTH_SECRETS_VERIFY')] : []),
  ];
}
