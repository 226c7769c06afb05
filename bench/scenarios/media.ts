// Media (M2 to M4): how fast variants are made and delivered, what it takes, and what it costs the
// orders of a server on the other core.

import {
  type CommonOptions,
  counted,
  type Log,
  type Sample,
  type Scenario,
  type ScenarioReport,
} from '../scenario.ts';
import { MediaBench, type MediaBenchOptions } from './media-bench.ts';
import { besideNote } from '../orders-beside.ts';
import { findingsOf, type Kind, LABEL, MEDIA_FIGURES, METHOD, subjectsOf } from './media-report.ts';

export type MediaOptions = CommonOptions & MediaBenchOptions;

export const media: Scenario<MediaOptions> = {
  name: 'media',
  description: 'variants made and delivered, ranges of a video, and orders beside all of it',
  options: [
    counted(
      '--orders-per-second <n>',
      'beside media and without; without it half of what the server takes',
      null,
    ),
    counted('--uploads <n>', 'at once, for the memory that they take', 100),
    counted('--upload-mebibytes <n>', 'of each of them; all of it is on the disk for a while', 16),
  ],
  defaults: { rounds: 3, seconds: 5 },
  run,
};

async function run(options: MediaOptions, log: Log): Promise<ScenarioReport> {
  const { rounds, seconds, uploads, uploadMebibytes } = options;
  const samples: Record<Kind, Sample[]> = {
    made: [],
    bare: [],
    alone: [],
    control: [],
    beside: [],
    floor: [],
    floorBeside: [],
    uploads: [],
  };
  const bench = new MediaBench(options);
  try {
    log('making a picture and a folder of blobs');
    await bench.start();
    for (let round = 1; round <= rounds; round++) {
      log(`round ${round} of ${rounds}`);
      samples.made.push(await bench.mediaAlone());
      samples.bare.push(await bench.bareAlone());
      samples.alone.push(await bench.orders());
      samples.control.push(await bench.orders());
      samples.beside.push(await bench.ordersBesideMedia());
      samples.floor.push(await bench.floorOrders());
      samples.floorBeside.push(await bench.floorOrdersBesideMedia());
    }
    log(`${uploads} uploads at once`);
    samples.uploads.push(await bench.uploadsAtOnce());
  } finally {
    await bench.stop();
  }
  const subjects = subjectsOf(samples);
  const { ordersPerSecond } = bench;
  const note = besideNote(LABEL, samples);
  return {
    name: media.name,
    title: 'Media, and orders beside them',
    method: METHOD,
    settings: { rounds, seconds, ordersPerSecond, uploads, uploadMebibytes },
    figures: MEDIA_FIGURES,
    subjects,
    findings: findingsOf(samples, subjects, uploads),
    notes: [...bench.notes, ...(note === null ? [] : [note])],
  };
}
