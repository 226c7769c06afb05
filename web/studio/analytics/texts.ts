// What the studio says about analytics.

import { makeText } from '../../shared/language.ts';
import { type AnalyticsKey, en } from './messages/en.ts';

export const analyticsText = makeText<AnalyticsKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});
