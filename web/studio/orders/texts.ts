// What the studio says about orders.

import { makeText } from '../../shared/language.ts';
import { en, type OrderKey } from './messages/en.ts';

export const orderText = makeText<OrderKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});
