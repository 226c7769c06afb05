// Media processes as tests need them: the real server, uploads and blobs, over the real use cases
// and stores in memory. Several share one store, as nodes of a cluster do. A caller is who the
// authorization names.

import { randomBytes } from 'node:crypto';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { keyedRequest } from '../../app/keyed-request.ts';
import { MediaUseCases } from '../../app/media.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { NewMedia } from '../../contracts/media.ts';
import type { Outcome, ProblemCode } from '../../contracts/refusals.ts';
import { problem, problemBody, problemStatus } from '../../gateway/http/problems.ts';
import type { BackendReply, MediaAction, MediaBackend } from '../../media/media-backend.ts';
import { MediaServer } from '../../media/media-server.ts';
import { UploadLocks } from '../../media/uploads/upload-locks.ts';
import { UploadPieces } from '../../media/uploads/upload-pieces.ts';
import { Uploads, type UploadsOptions } from '../../media/uploads/uploads.ts';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';
import { MemoryConsumerLeases } from '../../storage/memory/consumer-leases-memory.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { Blobs } from '../../storage/ports/blobs.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

export interface UploadServer {
  readonly url: string;
  readonly uploads: Uploads;
  stop(): Promise<void>;
}

export class UploadServers {
  readonly #folder = temporaryDirectory();
  readonly #servers: UploadServer[] = [];
  readonly received: string[] = [];
  readonly #stores = memoryStores();
  readonly store = this.#stores.media;
  readonly useCases: MediaUseCases;
  blobs: Blobs = new FolderBlobs({ folder: this.#folder, create: true });
  /** Added to the present, for uploads that end. */
  laterMs = 0;
  /** The process behind does not answer. */
  isAway = false;
  /** It answers again after so many refusals. */
  refusalsLeft = Infinity;

  constructor() {
    this.useCases = new MediaUseCases({
      ...this.#stores,
      levels: new ReachedLevel(FEATURE_LEVEL),
      leases: new MemoryConsumerLeases({ now: () => performance.now() }),
      now: () => Date.now() + this.laterMs,
      random: (count) => randomBytes(count),
      liveBus: new InProcessLiveBus(),
    });
  }

  get pieces(): UploadPieces {
    return new UploadPieces(this.blobs);
  }

  readonly backend: MediaBackend = {
    dispatch: async ({ method, path, authorization, key, body }) => {
      if (this.#refuses()) return replyOf({ ok: false, code: 'unavailable' }, 0);
      const userId = /^Bearer (\w+)$/.exec(authorization)?.[1];
      if (userId === undefined) return replyOf({ ok: false, code: 'unauthenticated' }, 0);
      const caller = { userId, roles: [] };
      const last = path.split('/').at(-1)!;
      if (method === 'POST') {
        const media = JSON.parse(body) as NewMedia;
        const asked = { callerId: userId, route: path, key, asked: media };
        const request = key === '' ? undefined : keyedRequest(asked);
        return replyOf(await this.useCases.add({ caller, ownerId: userId, media, request }), 201);
      }
      const of = { caller, mediaId: last };
      return method === 'GET'
        ? replyOf(await this.useCases.upload(of), 200)
        : replyOf(await this.useCases.remove(of), 204);
    },
    call: async <A extends MediaAction>(action: A, params: ActionParams<A>) => {
      if (this.#refuses()) return { ok: false, code: 'unavailable' };
      const name = action.slice('media.'.length) as 'get';
      return await this.useCases[name](params as never);
    },
  };

  /** Counts the refusal. */
  #refuses(): boolean {
    if (!this.isAway) return false;
    this.refusalsLeft -= 1;
    if (this.refusalsLeft <= 0) this.isAway = false;
    return true;
  }

  async start(options: Partial<UploadsOptions> = {}): Promise<UploadServer> {
    const log = pino({ level: 'silent' });
    const { backend, pieces } = this;
    const clock = {
      ...systemClock,
      now: () => Date.now() + this.laterMs,
    };
    const locks = new UploadLocks({ backend, clock });
    const uploads = new Uploads({
      pieces,
      backend,
      locks,
      onReceived: (mediaId) => this.received.push(mediaId),
      addressOf: () => '127.0.0.1',
      clientOf: ({ socket }) => socket.remoteAddress!,
      origin: '',
      problem: problemOf,
      clock,
      log,
      ...options,
    });
    const server = new MediaServer({
      host: '127.0.0.1',
      port: 0,
      handlers: [(request, response) => uploads.handle(request, response)],
      problem: problemOf,
      log,
    });
    const url = `http://127.0.0.1:${await server.start()}`;
    const started = { url, uploads, stop: () => server.stop() };
    this.#servers.push(started);
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    removeDirectory(this.#folder);
  }
}

function problemOf(code: ProblemCode, detail?: string): { status: number; body: string } {
  const told = problem(code, detail);
  return { status: problemStatus(told), body: problemBody(told) };
}

function replyOf(outcome: Outcome<unknown>, status: number): BackendReply {
  if (outcome.ok) {
    const headers = 'replayed' in outcome ? [['idempotency-replayed', 'true'] as const] : [];
    return { status, headers, body: status === 204 ? '' : JSON.stringify(outcome.value) };
  }
  const { status: refused, body } = problemOf(outcome.code, outcome.detail);
  return { status: refused, headers: [['content-type', 'application/problem+json']], body };
}
