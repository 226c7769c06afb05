// Records the owner of each shard from repeated reads of the operator API during a chaos test. If
// two nodes served a shard at one epoch, the journal would accept both (W1).

import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import type { Shard } from '../../sdk/api.ts';

/** `shard S at epoch E` to the first node that reported to serve it. */
export type Writers = Map<string, string>;

/** Adds the rows to `writers`; returns the contradictions. */
export function noteWriters(writers: Writers, rows: readonly Shard[]): string[] {
  const findings: string[] = [];
  for (const { shard, epoch, owner, status, answered } of rows) {
    if (!answered || owner === null || status !== 'serving') continue;
    const place = `shard ${shard} at epoch ${epoch}`;
    const known = writers.get(place);
    if (known === undefined) writers.set(place, owner);
    else if (known !== owner) findings.push(`W1: ${known} and ${owner} served ${place}`);
  }
  return findings;
}

/** The last known owner of each shard. */
export class Owners {
  readonly findings: string[] = [];
  readonly #writers: Writers = new Map();
  #owners: readonly (string | null)[] = [];

  note(rows: readonly Shard[]): void {
    this.findings.push(...noteWriters(this.#writers, rows));
    const owners: (string | null)[] = new Array<string | null>(SHARD_COUNT).fill(null);
    for (const { shard, owner } of rows) owners[shard] = owner;
    this.#owners = owners;
  }

  ownerOf(dropId: string): string | null {
    return this.#owners[shardOf(dropId, SHARD_COUNT)] ?? null;
  }
}
