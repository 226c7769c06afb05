// The roles in tokens. Apart from the shapes of accounts, so that commands start without TypeBox.

export const CREATOR_ROLE = 'creator';
export const OPERATOR_ROLE = 'operator';
/** Sees what operators see, and changes nothing. */
export const AUDITOR_ROLE = 'auditor';
