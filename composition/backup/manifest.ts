// The manifest of a backup: what it is of, and that it is complete. It is written last.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';

const FORMAT_VERSION = 1;
const FILE = 'backup.json';

const Manifest = Type.Object({
  format: Type.Literal(FORMAT_VERSION),
  /** Which store. */
  store: Type.Union([Type.Literal('sqlite'), Type.Literal('redis')]),
  /** When it was begun, in milliseconds since the Unix epoch. */
  at: Type.Integer(),
  shardCount: Type.Integer(),
  /** Redis: how many servers. */
  servers: Type.Integer(),
});
export type Manifest = Static<typeof Manifest>;

export function writeManifest(directory: string, manifest: Omit<Manifest, 'format'>): void {
  const text = JSON.stringify({ format: FORMAT_VERSION, ...manifest });
  writeFileSync(join(directory, FILE), `${text}\n`, { mode: 0o600, flush: true });
}

/** Errors: an Error that says what is wrong with the backup. */
export function readManifest(directory: string): Manifest {
  let text: string;
  try {
    text = readFileSync(join(directory, FILE), 'utf8');
  } catch (error) {
    throw new Error(`${directory} is no complete backup: it has no ${FILE}`, { cause: error });
  }
  const manifest: unknown = JSON.parse(text);
  if (!Value.Check(Manifest, manifest))
    throw new Error(`${join(directory, FILE)} is of a version that this one cannot read`);
  return manifest;
}
