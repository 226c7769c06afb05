// What the console says, beside what all apps say.

import { makeText } from '../shared/language.ts';
import { type AlarmKey, alarmsEn } from './messages/alarms-en.ts';
import { type ConsoleKey, en } from './messages/en.ts';

export const consoleText = makeText<ConsoleKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});

export const alarmText = makeText<AlarmKey>(alarmsEn, {
  de: async () => (await import('./messages/alarms-de.ts')).alarmsDe,
});
