// The names of amounts in what is stored and in what nodes send each other: those of level 0, where
// every amount was called cents. Formats with their fields by position have no names and do without
// this. Nothing else in the project knows these names
// (docs/decisions/044-amounts-in-minor-units.md).

/** Part of stored formats and of messages between nodes. */
export const STORED_NAMES = { unitAmount: 'priceCents', totalAmount: 'totalCents' } as const;
type StoredNames = typeof STORED_NAMES;

/** The same fields, under the names of stored formats. */
export type Stored<T> = {
  [Name in keyof T as Name extends keyof StoredNames ? StoredNames[Name] : Name]: T[Name];
};

const OURS = new Map(
  Object.entries(STORED_NAMES).map(([ours, stored]) => [stored as string, ours]),
);
const THEIRS = new Map<string, string>(Object.entries(STORED_NAMES));

/** A copy under the names of stored formats, with the fields in the same order. */
export function withStoredNames<T extends object>(value: T): Stored<T> {
  return renamed(value, THEIRS) as Stored<T>;
}

/** The opposite of `withStoredNames`. */
export function withOurNames<T extends object>(stored: Stored<T>): T {
  return renamed(stored, OURS) as T;
}

/** As `withStoredNames`, also of what is inside plain objects and lists, at any depth. */
export function withStoredNamesInside(value: unknown): unknown {
  return renamedInside(value, THEIRS);
}

/** The opposite of `withStoredNamesInside`. */
export function withOurNamesInside(value: unknown): unknown {
  return renamedInside(value, OURS);
}

/** Each notification that is published passes here: 0.1 us of CPU, a fifth of `Object.entries`. */
function renamed(value: object, names: ReadonlyMap<string, string>): object {
  const fields = value as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  for (const name in fields) copy[names.get(name) ?? name] = fields[name];
  return copy;
}

function renamedInside(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => renamedInside(item, names));
  const prototype: unknown = Object.getPrototypeOf(value);
  // Bytes and the like have no names.
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value))
    copy[names.get(name) ?? name] = renamedInside(field, names);
  return copy;
}
