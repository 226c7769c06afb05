// What runs inside a database thread (`thread-entry.ts`): the statements of one database, as named
// handlers. Each group of operations is one transaction. The other side is `thread.ts`.

import type { Database } from 'better-sqlite3';

/**
 * Operations by name. A handler runs inside the group's transaction and must be synchronous; it
 * answers refusals as values, because what it throws rolls back the whole group. A first parameter
 * that is a Uint8Array is a view of shared memory: it must not be kept.
 */
export type Handlers = { readonly [name: string]: (...parameters: never[]) => unknown };

export interface Program {
  readonly database: Database;
  readonly handlers: Handlers;
  /** `begin immediate` for a writer; `begin` for readers, so that a group sees one moment. */
  readonly begin: 'begin' | 'begin immediate';
  /** After each commit, before the answers leave. */
  readonly committed?: () => void;
  /** After a group was rolled back: whatever the program remembers of it must go. */
  readonly rolledBack?: () => void;
  /** Buffers among the results that are handed over instead of copied; emptied with each answer. */
  readonly transfers?: ArrayBuffer[];
}

export interface ProgramOptions {
  readonly file: string;
  /** The log file is cut when it grows beyond this. */
  readonly walBytesMax: number;
  /** Pages the file may have, for tests of a full disk; 0 for no bound. */
  readonly pageCountMax: number;
}

/** Every program module exports this as `open`. Throws where the file cannot be used. */
export type OpenProgram = (options: ProgramOptions) => Program;

export interface ThreadData {
  readonly program: string;
  readonly options: ProgramOptions;
  readonly arena: SharedArrayBuffer;
}

/** One operation on its way into the thread. */
export interface Operation {
  readonly name: string;
  readonly parameters: unknown[];
  /**
   * Where the first parameter's bytes stand in the arena; -1: all parameters are in `parameters`.
   */
  readonly offset: number;
  readonly length: number;
}

export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** What the thread says: first `ready` or why it cannot start, then one answer for each group. */
export type ThreadMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'results'; readonly results: readonly unknown[] }
  | { readonly type: 'failed'; readonly fault: Fault };

/** Errors lose their own fields on the way between threads, so the code travels beside the text. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { code: 'unknown', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, message: error.message };
}
