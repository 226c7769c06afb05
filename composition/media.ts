// The media process of this node: started with it, asked by nobody, and answered what it asks. When
// it dies it is started anew, and clients go on with their uploads.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { systemClock, type Timer } from '../actors/clock.ts';
import type { CallAction } from '../contracts/actions.ts';
import { refusal } from '../domain/refusal.ts';
import { Backoff } from '../events/backoff.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { MediaSample } from '../gateway/metrics/media-metrics.ts';
import type { BackendReply, BackendRequest } from '../media/media-backend.ts';
import type { Config, MediaConfig } from './config.ts';
import type { FromMedia, MediaQuestion, MediaReport, ToMedia } from './media-messages.ts';
import { PROCESS_ENVIRONMENT } from './process-environment.ts';
import { calledHost } from './url-host.ts';

const PROGRAM = fileURLToPath(new URL('media-program.ts', import.meta.url));
/**
 * The memory of bytes that were passed on to a client is freed when V8 collects the small objects
 * around them, so it must do that often. And the whole heap is collected once it is half as large
 * again as what was in use after the last time, which takes 30 ms each some seconds: by itself V8
 * lets it grow to four times as much, which was 75 MB beside 100 uploads.
 */
const MEMORY = ['--max-semi-space-size=1', '--heap-growing-percent=50'];
/**
 * Of glibc: few arenas instead of one for each thread, and buffers of bytes outside of them, so
 * that what is freed is the system's again.
 */
const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '65536' };
const START_MAX_MS = 60_000;
/**
 * A node that is told to end has some seconds in all. What a killed one leaves is cleaned up at the
 * next start.
 */
const STOP_MAX_MS = 3_000;
const RESTART_DELAY_FIRST_MS = 500;
const RESTART_DELAY_MAX_MS = 30_000;

const NOTHING_TO_DO: MediaReport = { waiting: 0, oldestMs: 0 };

export interface MediaProcessOptions {
  readonly config: Config;
  readonly media: MediaConfig;
  readonly gateway: Pick<Gateway, 'uploads'>;
  readonly call: CallAction;
  /** It listens, maybe elsewhere than before. */
  readonly onListening?: () => void;
  readonly log: Logger;
  /** For tests. */
  readonly program?: string;
}

export class MediaProcess {
  readonly #options: MediaProcessOptions;
  readonly #backoff = new Backoff({ firstMs: RESTART_DELAY_FIRST_MS, maxMs: RESTART_DELAY_MAX_MS });
  #child: ChildProcess | null = null;
  #port: number | null = null;
  /** Whether the process that is there now has said that it listens. */
  #isListening = false;
  #report: MediaReport = NOTHING_TO_DO;
  #timer: Timer | null = null;
  /** Why it cannot listen, as it was logged; null while it can. */
  #toldReason: string | null = null;
  #isStopped = false;

  constructor(options: MediaProcessOptions) {
    this.#options = options;
  }

  /** Where clients find it; null until it has listened once. Without a slash at its end. */
  get origin(): string | null {
    const { config } = this.#options;
    if (config.mediaUrl !== null) return config.mediaUrl;
    if (this.#port === null) return null;
    return `http://${calledHost(config.host)}:${this.#port}`;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** What it does, as of the last seconds. */
  get sample(): MediaSample {
    return { ...this.#report, isRunning: this.#isListening };
  }

  /** Returns at once: the node sells without it. What fails is logged, and done again. */
  start(): void {
    const { config, media, log, program = PROGRAM } = this.#options;
    let child: ChildProcess;
    try {
      child = fork(program, {
        serialization: 'advanced',
        stdio: ['ignore', 2, 2, 'ipc'],
        execArgv: [...process.execArgv, ...MEMORY],
        env: { ...PROCESS_ENVIRONMENT, ...ALLOCATOR },
      });
    } catch (error) {
      log.error({ err: error }, 'the media process cannot be started');
      this.#restart();
      return;
    }
    this.#child = child;
    const timer = systemClock.after(START_MAX_MS, () => child.kill('SIGKILL'));
    let cannotListen = false;
    const onEnd = (code: number | null, signal: NodeJS.Signals | null) => {
      timer.cancel();
      if (this.#child !== child) return;
      this.#child = null;
      this.#isListening = false;
      this.#report = NOTHING_TO_DO;
      if (this.#isStopped) return;
      if (!cannotListen)
        log.error({ code, signal }, 'the media process ended, and is started anew');
      this.#restart();
    };
    child.on('message', (message: FromMedia) => {
      if (message.kind === 'question') void this.#answer(child, message);
      else if (message.kind === 'report') this.#report = message.report;
      else if (message.kind === 'failed') {
        cannotListen = true;
        this.#tellOnce(message.message);
        child.kill('SIGKILL');
      } else {
        timer.cancel();
        if (this.#toldReason !== null)
          log.info({ port: message.port }, 'the media process listens');
        this.#toldReason = null;
        this.#port = message.port;
        this.#isListening = true;
        this.#backoff.succeeded();
        this.#options.onListening?.();
      }
    });
    child.on('error', (error) => {
      log.error({ err: error }, 'the media process');
      // One that was never there does not exit.
      if (child.pid === undefined) onEnd(null, null);
    });
    child.on('exit', onEnd);
    // Clients go on at the port where they were.
    const port = this.#port ?? media.port;
    tell(child, { kind: 'start', media: { ...media, port }, config });
  }

  /** A port stays taken for long, and is tried again for ever: a line for each try is a flood. */
  #tellOnce(reason: string): void {
    if (reason === this.#toldReason) return;
    this.#toldReason = reason;
    const { log } = this.#options;
    log.error(
      { reason },
      'the media process cannot listen: free LIVEDROPS_MEDIA_PORT; it is tried again and again',
    );
  }

  #restart(): void {
    if (this.#isStopped) return;
    this.#timer = systemClock.after(this.#backoff.next(), () => this.start());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    const child = this.#child;
    // One without a process id was never there, and does not exit.
    if (child?.pid === undefined) return;
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    // One that still starts reads its messages late, and has nothing to finish.
    if (!this.#isListening) child.kill('SIGKILL');
    const timer = systemClock.after(STOP_MAX_MS, () => child.kill('SIGKILL'));
    tell(child, { kind: 'stop' });
    await exited;
    timer.cancel();
  }

  async #answer(child: ChildProcess, { id, question }: MediaQuestion): Promise<void> {
    const { call, log } = this.#options;
    let answer: unknown = null;
    try {
      answer =
        question.kind === 'request'
          ? await this.#reply(question.request)
          : await call(question.action, question.params as never);
    } catch (error) {
      log.error({ err: error }, 'the media process could not be answered');
      if (question.kind === 'call') answer = refusal('unavailable');
    }
    tell(child, { kind: 'answer', id, answer });
  }

  async #reply(request: BackendRequest): Promise<BackendReply> {
    const { method, path, authorization, key, address, body } = request;
    const lines: Readonly<Record<string, string>> = {
      authorization,
      'idempotency-key': key,
      ...(body !== '' && { 'content-type': 'application/json' }),
    };
    const reply = await this.#options.gateway.uploads({
      method,
      path,
      query: '',
      header: (name) => lines[name] ?? '',
      hasHeader: (name) => (lines[name] ?? '') !== '',
      door: 'public',
      address,
      gone: () => false,
      body: Buffer.from(body),
    });
    const { status, headers } = reply;
    return { status, headers, body: typeof reply.body === 'string' ? reply.body : '' };
  }
}

function tell(child: ChildProcess, message: ToMedia): void {
  // One that has just ended: its exit follows.
  if (child.connected) child.send(message, () => undefined);
}
