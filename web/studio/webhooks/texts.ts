// What the studio says about webhooks.

import { makeText } from '../../shared/language.ts';
import { en, type WebhookKey } from './messages/en.ts';

export const webhookText = makeText<WebhookKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});
