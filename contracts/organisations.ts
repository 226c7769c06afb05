// Organisations: creators with members (A10). An organisation's id is the creator's.

import { Type } from 'typebox';
import { MemberRole } from './creator-actions.ts';
import type { Plain } from './plain.ts';
import { userId } from './scalars.ts';

/** What one person is in one organisation. */
export const Membership = Type.Object({ organisationId: userId, role: MemberRole });
export type Membership = Plain<typeof Membership>;
