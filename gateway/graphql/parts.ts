// What the files of the schema share while it is made.

import type { RouteDefinition } from '../http/route.ts';
import type { Builder } from './builder.ts';
import type { Refusals } from './refusals.ts';
import type { Shapes } from './shapes.ts';

export interface Parts {
  readonly builder: Builder;
  readonly shapes: Shapes;
  readonly refusals: Refusals;
  /** The route of REST with this method and path, such as `GET /v1/drops/{id}`. */
  readonly definition: (route: string) => RouteDefinition;
}
