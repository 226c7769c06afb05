// The states of a parked refund. Apart from the shapes, so that the command line's help does not
// load TypeBox.
//
// `parked`: not made. `retrying`: an operator wants another attempt, or one is under way. `done`:
// the provider made it. `dismissed`: an operator settled it without the provider.

export const REFUND_STATES = ['parked', 'retrying', 'done', 'dismissed'] as const;
