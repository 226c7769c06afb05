// What the studio says, beside what all apps say.

import { makeText } from '../shared/language.ts';
import { en, type StudioKey } from './messages/en.ts';

export const studioText = makeText<StudioKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});
