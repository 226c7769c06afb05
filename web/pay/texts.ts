// The texts of the page on which an order is paid.

import { makeText } from '../shared/language.ts';
import { en, type PayKey } from './messages/en.ts';

export const payText = makeText<PayKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});
