// Why orders were refused, in words where the page has some, else by the code of the API.

import { en, type StudioKey } from './messages/en.ts';
import { studioText } from './texts.ts';

export function refusalText(code: string): string {
  const key = `refusal.${code}`;
  return Object.hasOwn(en, key) ? studioText(key as StudioKey) : code;
}
