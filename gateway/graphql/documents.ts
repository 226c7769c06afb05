// Documents as clients send them: parsed, checked against the schema and the bounds, and kept where
// they come again. A document is kept when it comes a second time within a while, so one that is
// made for each request takes no room of those that are used.

import { hash } from 'node:crypto';
import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import { GRAPHQL_ALIASES_MAX, GRAPHQL_TOKENS_MAX } from '../../contracts/bounds.ts';

/** Of the texts of all kept documents; what is made of them takes some ten times as much. */
const BYTES_MAX = 2 * 1024 * 1024;
const ENTRIES_MAX = 1_000;
/** Digests of documents that came once. */
const SEEN_MAX = 4_096;
/** Errors of one document that are told. */
const ERRORS_MAX = 10;

export interface PreparedDocument {
  readonly document: DocumentNode;
  readonly operations: readonly OperationDefinitionNode[];
}

export interface DocumentsOptions {
  readonly schema: GraphQLSchema;
  /** False: documents that ask for the schema are refused. */
  readonly introspection: boolean;
}

export class Documents {
  readonly #options: DocumentsOptions;
  readonly #kept = new LRUCache<string, PreparedDocument>({
    max: ENTRIES_MAX,
    maxSize: BYTES_MAX,
    sizeCalculation: (_, text) => 2 * text.length,
  });
  readonly #seen = new LRUCache<string, true>({ max: SEEN_MAX });

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** The document, or what is wrong with it. */
  prepare(text: string): PreparedDocument | readonly GraphQLError[] {
    const kept = this.#kept.get(text);
    if (kept !== undefined) return kept;
    const prepared = this.#check(text);
    if ('document' in prepared) this.#keep(text, prepared);
    return prepared;
  }

  #keep(text: string, prepared: PreparedDocument): void {
    const digest = hash('sha256', text, 'base64');
    if (this.#seen.has(digest)) this.#kept.set(text, prepared);
    else this.#seen.set(digest, true);
  }

  #check(text: string): PreparedDocument | readonly GraphQLError[] {
    const { schema, introspection } = this.#options;
    let document: DocumentNode;
    try {
      document = parse(text, { maxLexicalTokens: GRAPHQL_TOKENS_MAX });
    } catch (error) {
      return [error as GraphQLError];
    }
    const aliases = aliasesOf(document);
    if (aliases > GRAPHQL_ALIASES_MAX)
      return [new GraphQLError(`A document may have ${GRAPHQL_ALIASES_MAX} aliases.`)];
    const rules = introspection
      ? specifiedRules
      : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const errors = validate(schema, document, rules, { maxErrors: ERRORS_MAX });
    if (errors.length > 0) return errors;
    const operations = document.definitions.filter(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION,
    );
    return { document, operations };
  }
}

function aliasesOf(document: DocumentNode): number {
  let count = 0;
  visit(document, {
    Field: ({ alias }) => {
      if (alias !== undefined) count += 1;
    },
  });
  return count;
}
