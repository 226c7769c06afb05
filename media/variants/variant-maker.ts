// Makes variants in a child process (media/variants/program.ts), one upload at a time. The process
// is started with the first upload, ends when none came for a while, and is started anew when it
// has grown, hangs or died. An upload during which it died twice is refused: whatever it was that
// killed it, such a file would kill it again. Where it cannot even begin, the file is not at fault.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import type { Clock } from '../../actors/clock.ts';
import { type MediaRefusal, type MediaType, refuse } from '../types/media-types.ts';
import type { MadePicture } from './picture.ts';
import type { NoPoster, VariantAnswer, VariantFault, VariantJob, VariantReady } from './program.ts';

/**
 * Of data, by `ulimit -d`. Node takes 630 MiB of address space of it before it does anything, so
 * some 900 MiB are left for a picture.
 */
const DATA_BYTES_MAX = 1536 * 1024 * 1024;
const HEAP_MIB_MAX = 64;
/** A process that has more after a job is ended: its memory is in pieces. */
const RESIDENT_BYTES_KEPT = 384 * 1024 * 1024;
/** A `nice` value: the selling loop gets the core first. */
const NICE = 10;
const JOB_MAX_MS = 5 * 60_000;
const IDLE_MAX_MS = 30_000;
const WAITING_MAX = 100;
const ATTEMPTS_MAX = 2;
const LOG_BYTES_MAX = 4_096;

const PROGRAM = fileURLToPath(new URL('program.ts', import.meta.url));
const COMMAND = 'ulimit -d "$1" 2>/dev/null; ulimit -c 0; shift; exec nice -n "$1" "$2" "$3" "$4"';

export interface VariantMakerOptions {
  /** The path of ffmpeg, or null: then videos get no poster. */
  readonly ffmpeg: string | null;
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests. */
  readonly program?: string;
  readonly jobMaxMs?: number;
  readonly dataBytesMax?: number;
}

export type MadeVariants = MadePicture | NoPoster | MediaRefusal;

/** Too many uploads wait for their variants. Nothing is lost: the caller tries again. */
export class VariantQueueFullError extends Error {
  readonly code = 'queue-full';
}

/** The process died or hung; `unready`: before it began; `null` is a stop by `stop()`. */
type End = 'died' | 'hung' | 'unready' | null;

export class VariantMaker {
  readonly #options: VariantMakerOptions;
  readonly #limit = pLimit({ concurrency: 1, rejectOnClear: true });
  #child: ChildProcess | null = null;
  #isReady = false;
  #idle: { cancel(): void } | null = null;
  #jobs = 0;
  #stopped = false;

  constructor(options: VariantMakerOptions) {
    this.#options = options;
  }

  /** The process that decodes, while there is one. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Running and waiting. */
  get jobs(): number {
    return this.#limit.activeCount + this.#limit.pendingCount;
  }

  /**
   * Makes the variants of `file`, which is of `type`, in `folder`, which is there. Throws
   * `VariantQueueFullError` past 100 that wait, and where the process cannot be started or the
   * disk is full: of these the file is not to blame.
   */
  async make(file: string, type: MediaType, folder: string): Promise<MadeVariants> {
    if (this.jobs > WAITING_MAX) throw new VariantQueueFullError('too many uploads wait');
    return await this.#limit(() => this.#attempt(file, type, folder));
  }

  /** Ends the process. What is under way rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#limit.clearQueue();
    await this.#end();
  }

  async #attempt(file: string, type: MediaType, folder: string): Promise<MadeVariants> {
    this.#idle?.cancel();
    for (let attempt = 1; ; attempt++) {
      if (this.#stopped) throw new Error('the maker of variants has stopped');
      this.#jobs += 1;
      const job: VariantJob = {
        id: this.#jobs,
        file,
        type,
        folder,
        ffmpeg: this.#options.ffmpeg,
      };
      const answer = await this.#ask(job);
      if (answer !== null && typeof answer === 'object') {
        const isCostly = !answer.made.ok && answer.made.reason === 'too-costly';
        if (isCostly || answer.residentBytes > RESIDENT_BYTES_KEPT) await this.#end();
        this.#idle = this.#options.clock.after(IDLE_MAX_MS, () => void this.#end());
        return answer.made;
      }
      await this.#end();
      if (answer === null) continue;
      if (answer === 'unready') throw new Error('the process that makes variants does not begin');
      this.#options.log.warn({ type, attempt, answer }, 'the process that makes variants ended');
      if (attempt === ATTEMPTS_MAX)
        return refuse('too-costly', 'Decoding it ends the process that does it.');
    }
  }

  async #ask(job: VariantJob): Promise<VariantAnswer | End> {
    const child = (this.#child ??= this.#start());
    const { clock, jobMaxMs = JOB_MAX_MS } = this.#options;
    return await new Promise((resolve, reject) => {
      const timer = clock.after(jobMaxMs, () => end('hung'));
      const onMessage = (told: VariantAnswer | VariantFault | VariantReady) => {
        if (told.kind === 'ready' || told.id !== job.id) return;
        if (told.kind === 'made') done(() => resolve(told));
        else done(() => reject(new Error(`variants could not be made: ${told.message}`)));
      };
      const end = (how: 'died' | 'hung') => {
        const answer = this.#isReady ? how : 'unready';
        done(() => resolve(this.#stopped ? null : answer));
      };
      const onExit = () => end('died');
      const onError = (error: Error) => done(() => reject(error));
      const done = (settle: () => void) => {
        timer.cancel();
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        child.unref();
        settle();
      };
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      // A process that waits for work keeps nobody alive; one that works does.
      child.ref();
      child.send(job, (error) => {
        // A process that has just died: its exit follows.
        if (error !== null && child.exitCode === null && child.signalCode === null)
          this.#options.log.debug({ err: error }, 'a job did not reach the process');
      });
    });
  }

  #start(): ChildProcess {
    const { program = PROGRAM, dataBytesMax = DATA_BYTES_MAX, log } = this.#options;
    const heap = `--max-old-space-size=${HEAP_MIB_MAX}`;
    const kibibytes = String(Math.floor(dataBytesMax / 1024));
    const child = spawn(
      '/bin/sh',
      ['-c', COMMAND, 'sh', kibibytes, String(NICE), process.execPath, heap, program],
      {
        // A group of its own, so that ffmpeg ends with it.
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // Few arenas: glibc makes one for each thread otherwise, and gives little of them back.
        env: { MALLOC_ARENA_MAX: '2' },
      },
    );
    this.#isReady = false;
    child.on('message', ({ kind }: VariantReady | VariantAnswer | VariantFault) => {
      if (kind === 'ready' && this.#child === child) this.#isReady = true;
    });
    let text = '';
    const stderr = child.stderr as Socket;
    stderr.on('data', (bytes: Buffer) => {
      text = (text + bytes.toString('utf8')).slice(-LOG_BYTES_MAX);
    });
    stderr.unref();
    child.on('exit', (code, signal) => {
      if (this.#child === child) this.#child = null;
      if (text !== '') log.warn({ code, signal, text }, 'what the maker of variants wrote');
    });
    child.on('error', (error) => {
      log.error({ err: error }, 'the maker of variants');
      // One that was never there does not exit.
      if (child.pid === undefined && this.#child === child) this.#child = null;
    });
    child.unref();
    return child;
  }

  async #end(): Promise<void> {
    this.#idle?.cancel();
    this.#idle = null;
    const child = this.#child;
    this.#child = null;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.ref();
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      child.kill('SIGKILL');
    }
    await exited;
  }
}
