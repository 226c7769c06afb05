// Assertions that stay on in production: a broken invariant must stop the actor, not spread.

export class InvariantError extends Error {
  readonly code = 'invariant';
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
