// The schema. It is made once in a process: routes differ between gateways in what they do, and not
// in what they are described with.

import type { GraphQLSchema } from 'graphql';
import { DropAccess, PaymentMode, ShownStatus } from '../../contracts/drops.ts';
import type { Route } from '../http/route.ts';
import { makeBuilder } from './builder.ts';
import { addCatalogue } from './catalogue.ts';
import { addMoney } from './money.ts';
import { addCreatorMutations } from './creator-mutations.ts';
import type { Parts } from './parts.ts';
import { Refusals } from './refusals.ts';
import { Shapes } from './shapes.ts';

let made: GraphQLSchema | null = null;

/** `routes`: those of REST. */
export function graphQLSchema(routes: readonly Route[]): GraphQLSchema {
  return (made ??= makeSchema(routes));
}

function makeSchema(routes: readonly Route[]): GraphQLSchema {
  const definitions = new Map(
    routes.map(({ definition }) => [`${definition.method} ${definition.path}`, definition]),
  );
  const builder = makeBuilder();
  const shapes = new Shapes(builder, addMoney(builder));
  shapes.nameEnum('DropStatus', ShownStatus);
  shapes.nameEnum('PaymentMode', PaymentMode);
  shapes.nameEnum('DropAccess', DropAccess);
  const parts: Parts = {
    builder,
    shapes,
    refusals: new Refusals(builder),
    definition: (route) => {
      const definition = definitions.get(route);
      if (definition === undefined) throw new Error(`There is no route ${route}.`);
      return definition;
    },
  };
  const catalogue = addCatalogue(parts);
  addCreatorMutations(parts, catalogue);
  return builder.toSchema();
}
