// The first frame of a video as a PNG, by Debian's ffmpeg. It reads one local file by the demuxer
// of the type that was found, so neither a playlist nor an address in the file leads anywhere.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MediaType } from '../types/media-types.ts';
import { LARGEST_BOX } from './recipes.ts';

const DEMUXERS: Partial<Record<MediaType, string>> = {
  'video/mp4': 'mov',
  'video/webm': 'matroska',
};
const CPU_SECONDS_MAX = 30;
const TIMEOUT_MS = 60_000;
const OUTPUT_BYTES_MAX = 64 * 1024;

/** False where ffmpeg finds no picture that it can decode. `file` is on a local disk. */
export async function writePoster(
  ffmpeg: string,
  file: string,
  type: MediaType,
  poster: string,
): Promise<boolean> {
  const { width, height } = LARGEST_BOX;
  const fit = `scale='min(${width},iw)':'min(${height},ih)':force_original_aspect_ratio=decrease`;
  const options =
    `-nostdin -v error -protocol_whitelist file -threads 1 -f ${DEMUXERS[type]!} -i`.split(' ');
  const outputs = '-map 0:v:0 -frames:v 1 -threads 1 -f image2 -c:v png -update 1 -y -vf'.split(
    ' ',
  );
  // The shell's limit is of CPU time, so a busy machine does not make a good video a bad one.
  const limited = ['-c', `ulimit -t ${CPU_SECONDS_MAX}; exec "$@"`, 'sh'];
  const command = [ffmpeg, ...options, `file:${file}`, ...outputs, fit, `file:${poster}`];
  try {
    await promisify(execFile)('/bin/sh', [...limited, ...command], {
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: OUTPUT_BYTES_MAX,
      env: {},
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return false;
  }
}
