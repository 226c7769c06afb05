// The states of a webhook's delivery, apart from its schema for what needs only them.

/** Waiting ones are sent, or sent again, by themselves. */
export const DELIVERY_STATES = ['waiting', 'sent', 'failed'] as const;
