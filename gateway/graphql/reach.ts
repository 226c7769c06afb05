// What people are told, and where: preferences, and browsers that subscribe to pushes.

import { Preferences } from '../../contracts/preferences.ts';
import { PushKey } from '../../contracts/push.ts';
import type { ObjectRef } from './builder.ts';
import { COSTS } from './costs.ts';
import { addMutation } from './mutations.ts';
import type { Parts } from './parts.ts';

export function addReach(parts: Parts, viewer: ObjectRef): void {
  const { builder, shapes } = parts;
  const preferences = shapes.objectOf(Preferences);
  builder.objectField(viewer, 'preferences', (t) =>
    t.field({
      type: preferences,
      nullable: true,
      complexity: COSTS.read,
      description: 'What one wants to be told by push and by mail.',
      resolve: (_, __, context) => context.read('/v1/users/me/preferences'),
    }),
  );
  builder.queryField('pushKey', (t) =>
    t.field({
      type: shapes.objectOf(PushKey),
      nullable: true,
      complexity: COSTS.read,
      description: 'The key that a browser needs to subscribe to pushes (RFC 8292).',
      resolve: (_, __, context) => context.read('/v1/push/key'),
    }),
  );
  addMutation(parts, {
    name: 'changePreferences',
    route: 'PATCH /v1/users/me/preferences',
    idsInBody: { mutedCreators: 'User' },
    payload: { name: 'preferences', type: preferences },
  });
  addMutation(parts, { name: 'subscribeToPushes', route: 'PUT /v1/push/subscriptions' });
  addMutation(parts, {
    name: 'unsubscribeFromPushes',
    route: 'DELETE /v1/push/subscriptions',
    hasQuery: true,
  });
}
