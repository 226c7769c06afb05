// The Moleculer service of `app/notifications.ts`.

import type { ServiceSchema } from 'moleculer';
import { Notifications, type NotificationsOptions } from '../app/notifications.ts';
import { defineService } from './moleculer/define-service.ts';

export function notificationsService(options: NotificationsOptions): ServiceSchema {
  const notifications = new Notifications(options);
  return defineService('notifications', {
    list: (params) => notifications.list(params),
    listAfter: (params) => notifications.listAfter(params),
    markRead: (params) => notifications.markRead(params),
    markAllRead: (params) => notifications.markAllRead(params),
  });
}
