// Media of the scenario `media`, in a process as the role media is one: delivers what is in a
// folder of blobs, and makes variants when told to. Prints its port. Each input line is a
// `MakeJob`, each output line after the first a `MakeResult`, as JSON.
// Usage: media-server.ts FOLDER [bare]

import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { pino } from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { problem, problemBody, problemStatus } from '../../gateway/http/problems.ts';
import { Delivery } from '../../media/delivery/delivery.ts';
import { VariantMaker } from '../../media/variants/variant-maker.ts';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';
import { cpuMicrosOf, residentBytesOf } from '../process-usage.ts';

export interface MakeJob {
  readonly file: string;
  readonly seconds: number;
}

export interface MakeResult {
  readonly pictures: number;
  readonly files: number;
  readonly seconds: number;
  /** Of the process that decodes. */
  readonly cpuMicros: number;
  readonly peakBytes: number;
}

const WATCH_INTERVAL_MS = 20;

const [folder = '', mode] = process.argv.slice(2);
const log = pino({ level: 'warn' }, process.stderr);
const blobs = new FolderBlobs({ folder, create: true });
const maker = new VariantMaker({ ffmpeg: null, clock: systemClock, log });
const delivery = new Delivery({
  blobs,
  privacy: null,
  mode: 'stream',
  problem: (code, detail) => {
    const refused = problem(code, detail);
    return { status: problemStatus(refused), body: problemBody(refused) };
  },
  clientOf: ({ socket }) => socket.remoteAddress ?? '',
  clock: systemClock,
  log,
});

/** What Node does with a file and nothing else. */
const bare: RequestListener = (request, response) => {
  const [, , sha256 = '', name = ''] = request.url!.split('/');
  const file = join(folder, 'variants', sha256.slice(0, 2), sha256, name);
  const send = async () => {
    const { size } = await stat(file);
    response.writeHead(200, { 'content-length': size, 'content-type': 'image/webp' });
    await pipeline(createReadStream(file), response);
  };
  send().catch(() => response.destroy());
};

const server = createServer(
  mode === 'bare' ? bare : (request, response) => void delivery.handle(request, response),
).listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void make(JSON.parse(line) as MakeJob));
lines.on('close', () => process.exit());
process.on('SIGTERM', () => void maker.stop().then(() => process.exit()));

async function make({ file, seconds }: MakeJob): Promise<void> {
  const startedAt = performance.now();
  const passed = () => (performance.now() - startedAt) / 1000;
  const done = { pictures: 0, files: 0, peakBytes: 0, cpuMicros: 0 };
  // A process that was replaced has its CPU time until the last look at it.
  const cpuOf = new Map<number, readonly [first: number, last: number]>();
  const look = () => {
    const { pid } = maker;
    if (pid === null) return;
    const cpu = cpuMicrosOf(pid);
    cpuOf.set(pid, [cpuOf.get(pid)?.[0] ?? cpu, cpu]);
    done.peakBytes = Math.max(done.peakBytes, residentBytesOf(pid));
  };
  look();
  const watch = setInterval(look, WATCH_INTERVAL_MS);
  while (passed() < seconds) {
    const out = await mkdtemp(join(folder, '.made-'));
    const made = await maker.make(file, 'image/jpeg', out);
    if (!made.ok || 'poster' in made) throw new Error(JSON.stringify(made));
    done.pictures += 1;
    done.files += made.variants.length;
    look();
    await rm(out, { recursive: true });
  }
  clearInterval(watch);
  done.cpuMicros = [...cpuOf.values()].reduce((sum, [first, last]) => sum + last - first, 0);
  process.stdout.write(`${JSON.stringify({ ...done, seconds: passed() } satisfies MakeResult)}\n`);
}
