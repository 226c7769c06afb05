// What an operation would do, found before anything is done: its cost, its depth, and which limits
// of REST it counts against. The cost is that of the fields' `complexity`, times the lengths of the
// lists that are asked for.

import { complexityFromQuery } from '@pothos/plugin-complexity';
import {
  type DocumentNode,
  type FieldNode,
  getDirectiveValues,
  GraphQLError,
  type GraphQLField,
  GraphQLIncludeDirective,
  type GraphQLSchema,
  GraphQLSkipDirective,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type VariableValues,
} from 'graphql';
import {
  GRAPHQL_COST_MAX,
  GRAPHQL_DEPTH_MAX,
  GRAPHQL_FIELDS_MAX,
  GRAPHQL_MUTATIONS_MAX,
} from '../../contracts/bounds.ts';
import type { RouteDefinition } from '../http/route.ts';
import { type PreparedDocument, TOO_COSTLY } from './documents.ts';

/** What a field at the root does over REST, in its `extensions`. */
export type RestOfField = Pick<RouteDefinition, 'access' | 'rateClass'>;

export interface Measured {
  readonly cost: number;
  /** Of the fields at the root that have one. */
  readonly rest: readonly RestOfField[];
}

export interface AskedOperation {
  readonly prepared: PreparedDocument;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly values: VariableValues;
}

/** Throws a `GraphQLError` where the operation is past a bound. */
export function measure(schema: GraphQLSchema, asked: AskedOperation): Measured {
  const { prepared, operation, variables } = asked;
  const index = prepared.operations.indexOf(operation);
  let met = -1;
  const definitions = prepared.costing.filter(({ kind }) => {
    if (kind !== Kind.OPERATION_DEFINITION) return true;
    met += 1;
    return met === index;
  });
  const costing: DocumentNode = { kind: Kind.DOCUMENT, definitions };
  const { complexity, depth, breadth } = complexityFromQuery(costing, { schema, variables });
  if (depth > GRAPHQL_DEPTH_MAX) refuse('depth', depth, GRAPHQL_DEPTH_MAX);
  if (breadth > GRAPHQL_FIELDS_MAX) refuse('number of fields', breadth, GRAPHQL_FIELDS_MAX);
  if (complexity > GRAPHQL_COST_MAX) refuse('cost', complexity, GRAPHQL_COST_MAX);
  const fields = fieldsAtRoot(schema, asked);
  if (operation.operation === 'mutation' && fields.length > GRAPHQL_MUTATIONS_MAX)
    refuse('number of mutations', fields.length, GRAPHQL_MUTATIONS_MAX);
  const rest = fields.map(({ extensions }) => (extensions as { rest?: RestOfField }).rest);
  return { cost: complexity, rest: rest.filter((one) => one !== undefined) };
}

function refuse(what: string, is: number, max: number): never {
  throw new GraphQLError(`The ${what} of the operation is ${is}, and may be ${max}.`, {
    extensions: { code: TOO_COSTLY },
  });
}

/** As often as they are executed: by their names in the answer. */
function fieldsAtRoot(
  schema: GraphQLSchema,
  { prepared, operation, values }: AskedOperation,
): GraphQLField<unknown, unknown>[] {
  const type = schema.getRootType(operation.operation)!;
  const found = new Map<string, FieldNode>();
  const visited = new Set<string>();
  const isLeftOut = (node: SelectionNode): boolean =>
    getDirectiveValues(GraphQLSkipDirective, node, values)?.['if'] === true ||
    getDirectiveValues(GraphQLIncludeDirective, node, values)?.['if'] === false;
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const node of selections) {
      if (isLeftOut(node)) continue;
      if (node.kind === Kind.FIELD) found.set(node.alias?.value ?? node.name.value, node);
      else if (node.kind === Kind.INLINE_FRAGMENT) collect(node.selectionSet);
      else if (!visited.has(node.name.value)) {
        visited.add(node.name.value);
        const fragment = prepared.document.definitions.find(
          (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === node.name.value,
        );
        if (fragment?.kind === Kind.FRAGMENT_DEFINITION) collect(fragment.selectionSet);
      }
    }
  };
  collect(operation.selectionSet);
  const fields = [...found.values()].map(({ name }) => type.getFields()[name.value]);
  return fields.filter((field) => field !== undefined);
}
