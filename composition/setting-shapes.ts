// The forms that settings have: each is a TypeBox schema of the value, and says what is right.

import { type TSchema, Type } from 'typebox';

/** The parts of every setting besides the schema of its value. */
export interface About {
  /** The default as text of the environment. Empty: unset, which the schema then allows. */
  readonly default: string;
  readonly description: string;
  /** The message after the variable's name where the value is not valid. */
  readonly requirement: string;
  /** Never shown. */
  readonly secret?: true;
}

/** One of several words, with the message made from them. */
export function oneOf<const T extends string>(
  words: readonly T[],
  about: Omit<About, 'requirement'>,
) {
  const last = words.at(-1)!;
  const list = words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
  return Type.Enum([...words], { ...about, requirement: `must be ${list}` });
}

/** A text that `isRight` accepts and `decode` turns into the value. */
export function meaning<T>(
  about: About,
  isRight: (text: string) => boolean,
  decode: (text: string) => T,
) {
  return Type.Codec(Type.Refine(Type.String({ ...about }), isRight))
    .Decode(decode)
    .Encode(String);
}

/** Words with spaces between. */
export function wordList(about: About, isRight: (text: string) => boolean) {
  return meaning<readonly string[]>(about, isRight, (text) => Object.freeze(wordsOf(text)));
}

/** The value, or null where the environment has none. */
export function unsetOr<T extends TSchema>(value: T, about: About) {
  return Type.Union([Type.Null(), value], { ...about });
}

export function wordsOf(text: string, separator = /\s+/): string[] {
  return text.split(separator).filter((word) => word !== '');
}
