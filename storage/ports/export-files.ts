// The port of export files: what jobs have exported, until it is fetched or its job is removed. An
// export is a list of parts with names, which the job keeps in its cursor. A part is written whole
// and never appended to, so a folder and a bucket can both be behind this port, and a process that
// lost its job's lease changes nothing that another one has written. The port knows no format.

export interface StoredExport {
  /** The id of its job. */
  readonly id: string;
  /** Of all its parts. */
  readonly bytes: number;
}

export interface ExportFiles {
  /** Names the place in messages, such as the path of its folder. */
  readonly name: string;

  /**
   * Stores a part in one atomic step, in place of one with that name, and resolves when it is
   * durable. Ids and names are letters, digits, `_` and `-`. Errors: `store-unavailable`, also
   * where the place itself is not there.
   */
  write(id: string, part: string, bytes: Uint8Array): Promise<void>;

  /** The bytes as they were written; null where there is no such part. Errors: as `write`. */
  read(id: string, part: string): Promise<Uint8Array | null>;

  /** All exports that have parts, in any order. Errors: as `write`. */
  list(): Promise<readonly StoredExport[]>;

  /** Removes all parts. Idempotent. Errors: as `write`. */
  remove(id: string): Promise<void>;
}
