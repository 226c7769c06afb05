// The type of what a schema describes, as the product passes it around: read only through and
// through, since views and commands are shared and cross the network.

import type { Static, TSchema } from 'typebox';

export type Plain<S extends TSchema> = DeepReadonly<Static<S>>;

type DeepReadonly<T> = T extends string | number | boolean | null | undefined | Uint8Array
  ? T
  : { readonly [K in keyof T]: DeepReadonly<T[K]> };
