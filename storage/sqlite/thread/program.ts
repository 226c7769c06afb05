// The interface between a database thread (`thread-entry.ts`) and its program: the statements of
// one database as named handlers. Each group of operations is one transaction. The main thread's
// side is `thread.ts`.

import type { Database } from 'better-sqlite3';

/**
 * Operations by name. A handler runs inside the group's transaction and must be synchronous. It
 * returns refusals as values, because an error rolls back the whole group. A Uint8Array as first
 * parameter is a view of shared memory: the handler must not hold it after it returns.
 */
export type Handlers = { readonly [name: string]: (...parameters: never[]) => unknown };

export interface Program {
  readonly database: Database;
  readonly handlers: Handlers;
  /** `begin immediate` for a writer; `begin` for readers, so that a group sees one moment. */
  readonly begin: 'begin' | 'begin immediate';
  /** Called after each commit, before the results are sent. */
  readonly committed?: () => void;
  /** Called after a rollback: the program must drop its cached state of the group. */
  readonly rolledBack?: () => void;
  /** Buffers of the results to transfer instead of copy; emptied after each group. */
  readonly transfers?: ArrayBuffer[];
  /** Whether other threads get the core first. */
  readonly hasLowPriority?: true;
}

export interface ProgramOptions {
  readonly file: string;
  /** The write-ahead log is truncated when it grows beyond this. */
  readonly walBytesMax: number;
  /** The most pages of the file, for tests of a full disk; 0 for no bound. */
  readonly pageCountMax: number;
}

/** Every program module exports this as `open`. Throws if the file cannot be used. */
export type OpenProgram = (options: ProgramOptions) => Program;

export interface ThreadData {
  readonly program: string;
  readonly options: ProgramOptions;
  readonly arena: SharedArrayBuffer;
  /** `DurationCounts.shared` of commits; null: nobody counts them. */
  readonly commits: SharedArrayBuffer | null;
}

/**
 * One operation as it is sent to the thread. Flat, because field names would be encoded for each
 * operation. The name; the offset of the first parameter's bytes in the arena, or -1 if all
 * parameters follow; the number of these bytes; then the parameters, with null in place of the
 * bytes.
 */
export type Operation = [name: string, offset: number, length: number, ...parameters: unknown[]];
export const OPERATION_PARAMETERS_AT = 3;

export interface Fault {
  readonly code: string;
  readonly message: string;
}

/** The first message of the thread: it is ready, or why it cannot start. */
export type ThreadStart = { readonly type: 'ready' } | { readonly type: 'failed'; fault: Fault };
/** The message after each group: its results, or the fault. */
export type ThreadAnswer = readonly unknown[] | Fault;

/** Errors lose their own fields between threads, so the code is sent beside the text. */
export function faultOf(error: unknown): Fault {
  if (!(error instanceof Error)) return { code: 'unknown', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return { code, message: error.message };
}
