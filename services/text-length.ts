// How long a text is: the one way in which services count what the contract's schemas bound.

/** In code points, as JSON Schema's `maxLength` counts: an emoji is mostly one, and in UTF-16 two. */
export function textLength(text: string): number {
  return Array.from(text).length;
}
