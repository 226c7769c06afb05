// Documents as clients send them: parsed, checked against the schema and the bounds, and kept where
// they come again. A document is kept when it comes a second time within a while, so one that is
// made for each request takes no room of those that are used. Queries of a kept document are
// compiled (graphql-jit) once it came often enough to pay for it. A kept document may be named by
// its digest instead of being sent.

import { hash } from 'node:crypto';
import {
  BREAK,
  type DefinitionNode,
  type DocumentNode,
  type ExecutionResult,
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
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';
import {
  GRAPHQL_ALIASES_MAX,
  GRAPHQL_REPEATS_MAX,
  GRAPHQL_SPREADS_MAX,
  GRAPHQL_TOKENS_MAX,
} from '../../contracts/bounds.ts';

/** Of the texts of all kept documents; what is made of them takes some ten times as much. */
const BYTES_MAX = 2 * 1024 * 1024;
const ENTRIES_MAX = 1_000;
/** Digests of documents that came once. */
const SEEN_MAX = 4_096;
/**
 * Compiling takes about as long as 20 executions of the same document, and saves more than half of
 * each execution (a page of 20 drops: 0.5 ms of CPU instead of 0.2).
 */
const COMPILING_USES = 16;
/** Errors of one document that are told. */
const ERRORS_MAX = 10;

/** The code of what is past a bound. */
export const TOO_COSTLY = 'too-costly';

export interface PreparedDocument {
  readonly document: DocumentNode;
  readonly operations: readonly OperationDefinitionNode[];
  /**
   * The definitions without `__typename`, which clients add everywhere, and which costs nothing.
   */
  readonly costing: readonly DefinitionNode[];
  /** Its queries, compiled; empty until it pays, and where it does not. */
  readonly compiled: ReadonlyMap<OperationDefinitionNode, CompiledQuery>;
}

interface KeptDocument extends PreparedDocument {
  compiled: ReadonlyMap<OperationDefinitionNode, CompiledQuery>;
  /** How often it came since it is kept. */
  uses: number;
}

type CompiledQuery = (
  root: object,
  context: object,
  variables: Readonly<Record<string, unknown>>,
) => ExecutionResult | Promise<ExecutionResult>;

export interface DocumentsOptions {
  readonly schema: GraphQLSchema;
  /** False: documents that ask for the schema are refused. */
  readonly introspection: boolean;
}

export class Documents {
  readonly #options: DocumentsOptions;
  readonly #kept = new LRUCache<string, KeptDocument>({
    max: ENTRIES_MAX,
    maxSize: BYTES_MAX,
    sizeCalculation: (_, text) => 2 * text.length,
    dispose: (_, text) => this.#texts.delete(digestOf(text)),
  });
  /** The texts of kept documents by their digests. */
  readonly #texts = new Map<string, string>();
  readonly #seen = new LRUCache<string, true>({ max: SEEN_MAX });

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#kept.size;
  }

  /** A kept document by its SHA-256, in hex; null where it is not kept here. */
  find(digest: string): PreparedDocument | null {
    const text = this.#texts.get(digest);
    return text === undefined ? null : (this.prepare(text) as PreparedDocument);
  }

  /** The document, or what is wrong with it. */
  prepare(text: string): PreparedDocument | readonly GraphQLError[] {
    const kept = this.#kept.get(text);
    if (kept !== undefined) {
      kept.uses += 1;
      if (kept.uses === COMPILING_USES) kept.compiled = this.#compile(kept);
      return kept;
    }
    const prepared = this.#check(text);
    if ('document' in prepared) this.#keep(text, prepared);
    return prepared;
  }

  #keep(text: string, prepared: PreparedDocument): void {
    const digest = digestOf(text);
    if (!this.#seen.has(digest)) this.#seen.set(digest, true);
    else if (this.#kept.set(text, { ...prepared, uses: 0 }).has(text))
      this.#texts.set(digest, text);
  }

  /**
   * Mutations are not worth it. Documents with directives are left: graphql-jit 0.8.9 takes the
   * condition of one use of a fragment for all of its uses.
   */
  #compile({ document, operations }: PreparedDocument): KeptDocument['compiled'] {
    const compiled = new Map<OperationDefinitionNode, CompiledQuery>();
    if (hasDirectives(document)) return compiled;
    for (const operation of operations) {
      if (operation.operation !== 'query') continue;
      const query = compileQuery(this.#options.schema, document, operation.name?.value ?? '');
      if (isCompiledQuery(query)) compiled.set(operation, query.query as CompiledQuery);
    }
    return compiled;
  }

  #check(text: string): PreparedDocument | readonly GraphQLError[] {
    const { schema, introspection } = this.#options;
    let document: DocumentNode;
    try {
      document = parse(text, { maxLexicalTokens: GRAPHQL_TOKENS_MAX });
    } catch (error) {
      return [error as GraphQLError];
    }
    const tooMany = refuseNumbers(document);
    if (tooMany !== null) return [tooMany];
    const rules = introspection
      ? specifiedRules
      : [...specifiedRules, NoSchemaIntrospectionCustomRule];
    const errors = validate(schema, document, rules, {
      maxErrors: ERRORS_MAX,
      hideSuggestions: !introspection,
    });
    if (errors.length > 0) return errors;
    const operations = document.definitions.filter(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION,
    );
    const { definitions: costing } = withoutTypeNames(document);
    return { document, operations, costing, compiled: new Map() };
  }
}

function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}

function withoutTypeNames(document: DocumentNode): DocumentNode {
  return visit(document, {
    Field: ({ name }) => (name.value === '__typename' ? null : undefined),
  });
}

function hasDirectives(document: DocumentNode): boolean {
  let found = false;
  visit(document, {
    Directive: () => {
      found = true;
      return BREAK;
    },
  });
  return found;
}

/** Before validation, whose time grows with the square of some of these. */
function refuseNumbers(document: DocumentNode): GraphQLError | null {
  let [aliases, repeats, spreads] = [0, 0, 0];
  visit(document, {
    SelectionSet: ({ selections }) => {
      const names = new Set<string>();
      let fields = 0;
      for (const node of selections) {
        if (node.kind === Kind.FRAGMENT_SPREAD) spreads += 1;
        if (node.kind !== Kind.FIELD) continue;
        if (node.alias !== undefined) aliases += 1;
        names.add(node.alias?.value ?? node.name.value);
        fields += 1;
      }
      repeats += fields - names.size;
    },
  });
  if (aliases > GRAPHQL_ALIASES_MAX) return tooManyOf('aliases', GRAPHQL_ALIASES_MAX);
  if (repeats > GRAPHQL_REPEATS_MAX) return tooManyOf('repeated fields', GRAPHQL_REPEATS_MAX);
  return spreads > GRAPHQL_SPREADS_MAX
    ? tooManyOf('spreads of fragments', GRAPHQL_SPREADS_MAX)
    : null;
}

function tooManyOf(what: string, max: number): GraphQLError {
  return new GraphQLError(`A document may have ${max} ${what}.`, {
    extensions: { code: TOO_COSTLY },
  });
}
