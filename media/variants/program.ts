// The process that decodes what was uploaded. It has no secrets in its environment, no connection
// to anything, a limit of memory that the system keeps, and one job at a time. It watches its own
// memory and CPU time as well, says which job was too much, and ends.

import { join } from 'node:path';
import { stat } from 'node:fs/promises';
import { type MediaRefusal, type MediaType, refuse } from '../types/media-types.ts';
import { makePicture, type MadePicture, prepareSharp } from './picture.ts';
import { writePoster } from './poster.ts';

export interface VariantJob {
  readonly id: number;
  readonly file: string;
  readonly type: MediaType;
  /** Where the variants are written. */
  readonly folder: string;
  /** The path of ffmpeg; null where there is none, and a video gets no poster. */
  readonly ffmpeg: string | null;
}

/** A video without a poster: there is no ffmpeg, or it found nothing to show. */
export interface NoPoster {
  readonly ok: true;
  readonly poster: 'no-ffmpeg' | 'not-decodable';
}

/** It has loaded what it needs: from here on a death is the file's doing. */
export interface VariantReady {
  readonly kind: 'ready';
}

/** The machine is at fault and not the file, as when the disk is full. */
export interface VariantFault {
  readonly kind: 'fault';
  readonly id: number;
  readonly message: string;
}

export interface VariantAnswer {
  readonly kind: 'made';
  readonly id: number;
  readonly made: MadePicture | NoPoster | MediaRefusal;
  /** Resident bytes after the job: what is freed is not always given back. */
  readonly residentBytes: number;
}

const WATCH_INTERVAL_MS = 100;
const RESIDENT_BYTES_MAX = 1024 * 1024 * 1024;
const CPU_MS_MAX = 90_000;

prepareSharp();
let running: number | null = null;

process.on('message', (job: VariantJob) => void run(job));
// Whoever started this process is gone.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
tell({ kind: 'ready' });

async function run(job: VariantJob): Promise<void> {
  running = job.id;
  const watch = watchCosts();
  try {
    answer(await make(job));
  } catch (error) {
    const { message } = error as Error;
    tell({ kind: 'fault', id: job.id, message });
  } finally {
    clearInterval(watch);
    running = null;
  }
}

async function make(job: VariantJob): Promise<VariantAnswer['made']> {
  const { file, type, folder, ffmpeg } = job;
  if (!type.startsWith('video/')) return await makePicture(file, type, folder);
  if (ffmpeg === null) return { ok: true, poster: 'no-ffmpeg' };
  const poster = join(folder, 'poster.png');
  const isThere = await writePoster(ffmpeg, file, type, poster);
  if (!isThere || (await stat(poster).catch(() => null)) === null)
    return { ok: true, poster: 'not-decodable' };
  return await makePicture(poster, 'image/png', folder);
}

function watchCosts(): NodeJS.Timeout {
  const before = process.cpuUsage();
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    const isTooLarge = process.memoryUsage.rss() > RESIDENT_BYTES_MAX;
    if (!isTooLarge && (user + system) / 1000 <= CPU_MS_MAX) return;
    const what = isTooLarge ? 'memory' : 'time';
    answer(refuse('too-costly', `Decoding it takes too much ${what}.`), () =>
      process.kill(process.pid, 'SIGKILL'),
    );
  }, WATCH_INTERVAL_MS);
}

function answer(made: VariantAnswer['made'], sent?: () => void): void {
  if (running === null) return;
  const residentBytes = process.memoryUsage.rss();
  tell({ kind: 'made', id: running, made, residentBytes }, sent);
}

/** Where whoever started this process was killed a moment ago, `disconnect` follows. */
function tell(
  message: VariantReady | VariantFault | VariantAnswer,
  sent: () => void = () => undefined,
): void {
  process.send!(message, undefined, {}, sent);
}
