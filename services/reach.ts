// The Moleculer services of subscriptions to pushes (R1) and of preferences (R2).

import type { ServiceSchema } from 'moleculer';
import { PreferencesUseCases, type PreferencesOptions } from '../app/preferences.ts';
import { PushSubscriptions, type PushSubscriptionsOptions } from '../app/push-subscriptions.ts';
import { defineService } from './moleculer/define-service.ts';

export function pushService(options: PushSubscriptionsOptions): ServiceSchema {
  const subscriptions = new PushSubscriptions(options);
  return defineService('push', {
    key: () => subscriptions.key(),
    subscribe: (params) => subscriptions.put(params),
    unsubscribe: (params) => subscriptions.remove(params),
    subscriptions: (params) => subscriptions.list(params),
  });
}

export function preferencesService(options: PreferencesOptions): ServiceSchema {
  const preferences = new PreferencesUseCases(options);
  return defineService('preferences', {
    get: (params) => preferences.get(params),
    change: (params) => preferences.change(params),
    unsubscribe: (params) => preferences.unsubscribe(params),
  });
}
