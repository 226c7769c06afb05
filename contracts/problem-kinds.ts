// The kinds of payments that operators must look at. Apart from the shapes, so that the command
// line's help does not load TypeBox.
//
// `rejected`: it did not pay for its order, and is refunded (P2a, P4a). `disputed`: its payer wants
// it back (P7). `voided`: it was authorised and never captured, so its order failed (R5).

export const PROBLEM_KINDS = ['rejected', 'disputed', 'voided'] as const;
