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

/**
 * One operation on its way into the thread, flat because names of fields would be written and read
 * for each: its name; where its first parameter's bytes stand in the arena, or -1 where all
 * parameters follow; how many bytes; then the parameters, null in place of such bytes.
 */
export type Operation = [name: string, offset: number, length: number, ...parameters: unknown[]];
export const OPERATION_PARAMETERS_AT = 3;

export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** What the thread says: first that it is ready or why it cannot start, ... */
export type ThreadStart = { readonly type: 'ready' } | { readonly type: 'failed'; fault: Fault };
/** ... then for each group the results, or why there are none. */
export type ThreadAnswer = readonly unknown[] | Fault;

/** Errors lose their own fields on the way between threads, so the code travels beside the text. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { code: 'unknown', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, message: error.message };
}
