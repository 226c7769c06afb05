// The program of the media process (composition/media.ts): uploads, their processing, and
// downloads. It ends with the node that started it.

import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setPriority } from 'node:os';
import type { IncomingMessage } from 'node:http';
import { systemClock } from '../actors/clock.ts';
import type { ProblemCode } from '../contracts/refusals.ts';
import { addressLimitKey, forwardedAddress } from '../gateway/http/address.ts';
import { problem, problemBody, problemStatus } from '../gateway/http/problems.ts';
import { Delivery } from '../media/delivery/delivery.ts';
import { PrivateContent } from '../media/delivery/private-content.ts';
import { MediaServer } from '../media/media-server.ts';
import { MediaReferences } from '../media/processing/media-references.ts';
import { MediaSweep } from '../media/processing/media-sweep.ts';
import { Processing } from '../media/processing/processing.ts';
import { UploadLocks } from '../media/uploads/upload-locks.ts';
import { UploadPieces } from '../media/uploads/upload-pieces.ts';
import { Uploads } from '../media/uploads/uploads.ts';
import { VariantMaker } from '../media/variants/variant-maker.ts';
import { openBlobs } from './blobs.ts';
import { createLog } from './log.ts';
import { urlSignerOf } from './media-urls.ts';
import { type FromMedia, type MediaStart, NodeBackend, type ToMedia } from './media-messages.ts';

const REPORT_INTERVAL_MS = 2_000;
/** A `nice` value: the selling loop gets the core first. */
const PRIORITY = 5;
const FFMPEG = ['/usr/bin/ffmpeg', '/usr/local/bin/ffmpeg'];

const send = (message: FromMedia): void => {
  // A node that was killed a moment ago cannot be told: `disconnect` follows.
  if (process.connected) process.send!(message, undefined, {}, () => undefined);
};
const backend = new NodeBackend(send);
let stop = (): Promise<void> => Promise.resolve();

process.on('disconnect', () => process.exit(0));
process.on('message', (message: ToMedia) => {
  if (message.kind === 'answer') backend.take(message);
  else if (message.kind === 'start') void start(message);
  else void stop().finally(() => process.disconnect());
});
// The terminal sends these to the whole group: the node says when to stop.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

async function start({ media, config }: MediaStart): Promise<void> {
  try {
    setPriority(PRIORITY);
  } catch {
    // Not every system lets a process lower its own priority.
  }
  const log = createLog(config);
  const blobs = await openBlobs(media.blobs);
  const pieces = new UploadPieces(blobs);
  const clock = systemClock;
  const locks = new UploadLocks({ backend, clock });
  const ffmpeg = FFMPEG.find((path) => existsSync(path)) ?? null;
  const maker = new VariantMaker({ ffmpeg, clock, log });
  const folder = join(config.dataDirectory, 'media-work');
  // What a killed process was at; nothing in it is needed.
  await rm(folder, { recursive: true, force: true });
  const shared = { blobs, pieces, backend, locks, clock, log };
  const references = new MediaReferences(shared);
  const processing = new Processing({ ...shared, references, maker, folder });
  const onReceived = (mediaId: string) => processing.add(mediaId);
  const sweep = new MediaSweep({ ...shared, references, onReceived });
  const clientAddress = (request: IncomingMessage) => addressOf(request, config.trustProxy);
  const clientOf = (request: IncomingMessage) => addressLimitKey(clientAddress(request));
  const uploads = new Uploads({
    ...shared,
    onReceived,
    addressOf: clientAddress,
    clientOf,
    origin: config.mediaUrl ?? '',
    problem: problemOf,
  });
  const content = new PrivateContent({ references, backend });
  const signer = urlSignerOf(config);
  const delivery = new Delivery({
    blobs,
    privacy: { isPrivate: (sha256) => content.isPrivate(sha256), signer },
    mode: media.delivery,
    problem: problemOf,
    clientOf,
    clock,
    log,
  });
  const listen = async (port: number): Promise<number> => {
    server = new MediaServer({
      host: config.host,
      port,
      handlers: [
        (request, response) => uploads.handle(request, response),
        (request, response) => delivery.handle(request, response),
      ],
      problem: problemOf,
      log,
      // All connections may be those of one proxy; its clients are bounded one by one.
      ...(config.trustProxy && { connectionsOfPeerMax: Number.POSITIVE_INFINITY }),
    });
    return await server.start();
  };
  let server: MediaServer | null = null;
  stop = async () => {
    // All are told before any is waited for: nothing new begins.
    const stopped = [processing.stop(), sweep.stop(), maker.stop()];
    await server?.stop();
    await Promise.all(stopped);
  };
  try {
    const port = await listen(media.port).catch(async (error: unknown) => {
      if (media.isPortSet) throw error;
      const other = await listen(0);
      log.warn({ err: error, port: other }, 'media are at another port: LIVEDROPS_MEDIA_PORT');
      return other;
    });
    send({ kind: 'listening', port });
    sweep.start();
    setInterval(() => {
      const { size: waiting, oldestMs } = processing;
      send({ kind: 'report', report: { waiting, oldestMs } });
    }, REPORT_INTERVAL_MS).unref();
  } catch (error) {
    send({ kind: 'failed', message: (error as Error).message });
  }
}

function problemOf(code: ProblemCode, detail?: string): { status: number; body: string } {
  const told = problem(code, detail);
  return { status: problemStatus(told), body: problemBody(told) };
}

function addressOf({ headers, socket }: IncomingMessage, trustProxy: boolean): string {
  const forwarded = headers['x-forwarded-for'];
  const told = trustProxy && forwarded !== undefined ? forwardedAddress(String(forwarded)) : null;
  return told ?? (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=\d+\.)/, '');
}
