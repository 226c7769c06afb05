// What the archive of the configuration has, and whether it is whole. It reads the archive and the
// store by itself, whether servers run or not.

import {
  type ArchivedShardReport,
  checkShard,
  describeShard,
} from '../events/archive/archive-check.ts';
import { ArchiveReader } from '../storage/archive/archive-reader.ts';
import type { ArchiveCheck } from '../storage/ports/archive.ts';
import { SHARD_COUNT } from '../domain/ids.ts';
import { openArchive } from './archive.ts';
import type { Config } from './config.ts';
import { requireOneNode } from './data-directory.ts';
import { createLog } from './log.ts';
import { openJournals } from './off-loop-parts.ts';

export interface ArchiveReport {
  /** Where it is. */
  readonly archive: string;
  /** Those that have entries. */
  readonly shards: readonly ArchivedShardReport[];
  /** The check that was asked for, or the last one there was; null if there never was one. */
  readonly check: ArchiveCheck | null;
}

/** Errors: `no-data`; `store-unavailable`; an Error where no archive is configured. */
export async function reportArchive(
  config: Config,
  { check }: { readonly check: boolean },
): Promise<ArchiveReport> {
  const archive = openArchive(config);
  if (archive === null) throw new Error('there is no archive: LIVEDROPS_ARCHIVE names none');
  if (config.store.kind === 'sqlite') requireOneNode(config.dataDirectory);
  const stored = await openJournals(config, 'archive', createLog(config));
  try {
    const reader = new ArchiveReader(archive);
    const shards: ArchivedShardReport[] = [];
    const findings: string[] = [];
    for (let shard = 0; shard < SHARD_COUNT; shard++) {
      const options = { archive: reader, journal: stored.journal, shard };
      const found = await describeShard(options);
      if (found === null) continue;
      shards.push(found);
      if (check) findings.push(...(await checkShard(options)));
    }
    if (check) {
      const segments = shards.reduce((sum, row) => sum + row.segments, 0);
      await archive.saveCheck({ at: Date.now(), segments, findings });
    }
    return { archive: archive.name, shards, check: await archive.lastCheck() };
  } finally {
    await stored.close();
  }
}
