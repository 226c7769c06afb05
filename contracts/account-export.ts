// One's own data as one file.

import { Type } from 'typebox';
import { AccountSession, OwnProfile } from './accounts.ts';
import { ApiKey } from './api-keys.ts';
import { DropBody } from './drops.ts';
import { NamedFollow } from './follows.ts';
import { Notification } from './notifications.ts';
import { OrderBody } from './orders.ts';
import { OwnOrganisation } from './organisations.ts';
import { Preferences } from './preferences.ts';
import { ProductBody } from './products.ts';
import { OwnPushSubscription } from './push.ts';
import { userId } from './scalars.ts';
import { wire, wireTime } from './wire.ts';

/** `account` is null for a user who has a token and no account. */
export const AccountExportBody = Type.Object(
  {
    exportedAt: wireTime,
    userId,
    account: Type.Union([wire(OwnProfile), Type.Null()]),
    sessions: Type.Array(wire(AccountSession)),
    apiKeys: Type.Array(wire(ApiKey)),
    organisations: Type.Optional(Type.Array(wire(OwnOrganisation))),
    following: Type.Array(wire(NamedFollow)),
    followers: Type.Array(wire(NamedFollow)),
    products: Type.Array(ProductBody),
    drops: Type.Array(DropBody),
    drafts: Type.Optional(Type.Array(DropBody)),
    orders: Type.Array(OrderBody),
    notifications: Type.Array(wire(Notification)),
    preferences: Preferences,
    pushSubscriptions: Type.Array(wire(OwnPushSubscription)),
  },
  { title: 'AccountExport' },
);
