// The options of every store in catalogue.db: the writer's thread, and a connection on the main
// thread for short indexed reads.

import type { Database } from 'better-sqlite3';
import type { AppendSignal } from './append-signal.ts';
import type { CatalogueHandlers } from './catalogue-program.ts';
import type { Submits } from '../thread/thread.ts';

export interface CatalogueDatabase {
  readonly writer: Submits<CatalogueHandlers>;
  readonly reader: Database;
}

/** For stores whose entities are in the change stream. */
export interface ChangingDatabase extends CatalogueDatabase {
  readonly signal: AppendSignal;
}
