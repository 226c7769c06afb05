// What the studio says where a drop is announced.

import { makeText } from '../../shared/language.ts';
import { en, type ScheduleKey } from './messages/en.ts';

export const scheduleText = makeText<ScheduleKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});
