// How sellers stand, and what is taken down (A11). Apart from the shapes, so that commands start
// without TypeBox.

/** `pending`: the creator has tried to sell, and is neither approved nor suspended. */
export const STANDINGS = ['pending', 'approved', 'suspended'] as const;
export type Standing = (typeof STANDINGS)[number];
export const TAKEN_DOWN = ['creator', 'product', 'drop'] as const;
export type TakenDown = (typeof TAKEN_DOWN)[number];
