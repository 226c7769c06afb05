// The scopes that a creator may give to a key: all but that of operators.

import { OPERATIONS_SCOPE, type Scope, SCOPES } from '../../contracts/creator-actions.ts';

export const CREATOR_SCOPES: readonly Scope[] = SCOPES.filter(
  (scope) => scope !== OPERATIONS_SCOPE,
);
