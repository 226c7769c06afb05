// The servers and loads of the scenario `media`, and their measurements.

import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { LoadProcess } from '../load/load-process.ts';
import { prepare, type Prepared } from '../load/media-blobs.ts';
import { ordersOf, type RequestPlan } from '../load/request-plan.ts';
import type { UploadJob, UploadResult } from '../load/upload-load.ts';
import {
  type ClosedLoop,
  costOf,
  measure,
  type MeasuredServer,
  type OpenLoop,
} from '../measure.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import type { Sample } from '../scenario.ts';
import { makeDataDirectory } from '../servers/livedrops-server.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import { MediaChild } from '../servers/media-child.ts';
import type { MakeJob, MakeResult } from '../servers/media-server.ts';
import { RawDurableOrderServer } from '../servers/raw-order-server.ts';

const SERVER = new URL('../servers/media-server.ts', import.meta.url).pathname;
const RANGE_BYTES = 65_536;
export const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1;
const STOCK = 10_000_000;
const MEGABYTE = 1e6;
const MEBIBYTE = 2 ** 20;
const UPLOADS_MAX_MS = 3_600_000;
export const UPLOADS_BESIDE = 50;
/** Uploads of one address are bounded. */
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4'];
/** The other loads give way to that of the orders, whose delays would count as the server's. */
const NICE_BESIDE = 10;

export interface MediaBenchOptions {
  readonly seconds: number;
  readonly profileDirectory: string | null;
  /** Null: half of what the server takes. */
  readonly ordersPerSecond: number | null;
  /** At once. */
  readonly uploads: number;
  readonly uploadMebibytes: number;
}

interface Sold {
  readonly server: MeasuredServer;
  readonly plan: RequestPlan;
}

export class MediaBench {
  readonly #options: MediaBenchOptions;
  readonly notes: string[] = [];
  readonly #folder = makeDataDirectory();
  #orders: LiveDropsOrderServer | null = null;
  #child: MediaChild | null = null;
  #ordersPerSecond: number;
  readonly #downloads: ClosedLoop = new LoadProcess({ generator: 'saturating', nice: NICE_BESIDE });
  readonly #uploads = new LoadProcess<UploadJob, UploadResult>({
    generator: 'upload',
    nice: NICE_BESIDE,
  });
  readonly #paced: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  #prepared: Prepared | null = null;
  #media: MediaProcess | null = null;
  #bare: MediaProcess | null = null;
  #sale: Sold | null = null;
  #floor: RawDurableOrderServer | null = null;
  #floorSale: Sold | null = null;

  constructor(options: MediaBenchOptions) {
    this.#options = options;
    this.#ordersPerSecond = options.ordersPerSecond ?? 0;
  }

  get ordersPerSecond(): number {
    return this.#ordersPerSecond;
  }

  async start(): Promise<void> {
    const directory = join(this.#folder, 'data');
    const prepared = await prepare(this.#folder, join(directory, 'blobs'));
    this.#prepared = prepared;
    this.#media = await MediaProcess.start(prepared.folder, SERVER_CORE);
    this.#bare = await MediaProcess.start(prepared.folder, SERVER_CORE, 'bare');
    const { profileDirectory, seconds } = this.#options;
    const port = await freePort();
    const env = { LIVEDROPS_MEDIA_PORT: String(port) };
    this.#orders = new LiveDropsOrderServer({ profileDirectory, directory, env });
    await this.#orders.start();
    this.#child = await MediaChild.of(this.#orders.sale.process.pid, port, LOAD_CORE);
    const plan = await this.#orders.drop(STOCK);
    this.#sale = { server: this.#orders, plan };
    const { perSecond, bytesPerAnswer } = await measure({
      ...this.#sale,
      generator: 'saturating',
      connections: CONNECTIONS,
      seconds,
      warmUpSeconds: WARM_UP_SECONDS,
    });
    if (this.#options.ordersPerSecond === null) this.#ordersPerSecond = Math.round(perSecond / 2);
    this.#floor = new RawDurableOrderServer({ bytesPerAnswer, status: '201' });
    await this.#floor.start();
    this.#floorSale = { server: this.#floor, plan: await this.#floor.drop() };
    for (const sale of [this.#sale, this.#floorSale]) await this.#ordersOf(sale, WARM_UP_SECONDS);
  }

  async mediaAlone(): Promise<Sample> {
    const { seconds } = this.#options;
    const server = this.#media!;
    const variants = await this.#download(server, this.#prepared!.variants);
    const ranges = await this.#download(server, [this.#prepared!.video], {
      range: `bytes=1000000-${1_000_000 + RANGE_BYTES - 1}`,
    });
    const making = await server.make({ file: this.#prepared!.picture, seconds });
    return {
      figures: {
        ...variants,
        rangesPerSecond: ranges['variantsPerSecond']!,
        deliveryMb: server.process.residentBytes() / MEGABYTE,
        picturesPerSecond: making.pictures / making.seconds,
        filesPerSecond: making.files / making.seconds,
        pictureCpuMs: making.cpuMicros / 1000 / making.pictures,
        makerMb: making.peakBytes / MEGABYTE,
      },
    };
  }

  async bareAlone(): Promise<Sample> {
    return { figures: await this.#download(this.#bare!, this.#prepared!.variants) };
  }

  async orders(): Promise<Sample> {
    return { figures: await this.#ordersOf(this.#sale!, this.#options.seconds) };
  }

  async ordersBesideMedia(): Promise<Sample> {
    return await this.#besideMedia(this.#sale!);
  }

  /** Of the durable floor, at the same rate. */
  async floorOrders(): Promise<Sample> {
    return { figures: await this.#ordersOf(this.#floorSale!, this.#options.seconds) };
  }

  async floorOrdersBesideMedia(): Promise<Sample> {
    return await this.#besideMedia(this.#floorSale!);
  }

  /** All of it by the media process of LiveDrops' server. */
  async #besideMedia(sale: Sold): Promise<Sample> {
    const { seconds } = this.#options;
    const { port } = this.#child!;
    const { picture, variants } = this.#prepared!;
    const longer = seconds + 2 * WARM_UP_SECONDS;
    const [figures, sent, read] = await Promise.all([
      this.#ordersOf(sale, seconds),
      this.#upload({ uploads: UPLOADS_BESIDE, file: picture, bytes: 0, seconds: longer }),
      this.#downloads.run({
        plan: planOf(port, variants),
        connections: CONNECTIONS,
        seconds: longer,
      }),
    ]);
    this.notes.push(
      `Beside the orders: ${sent.uploads} uploads of ${Math.round(sent.bytes / MEGABYTE)} MB in ` +
        `all (${sent.failures} failed) and ${read.answers} downloads in ${longer} s.`,
    );
    return { figures };
  }

  /** Each once, of zeros: no film, so it is refused in the end, and nothing of it stays. */
  async uploadsAtOnce(): Promise<Sample> {
    const { uploads, uploadMebibytes } = this.#options;
    const job = { uploads, file: null, bytes: uploadMebibytes * MEBIBYTE, seconds: null };
    const { peak, result } = await this.#child!.peakBytesDuring(() => this.#upload(job));
    const { bytes, failures, again, seconds } = result;
    const retried = Object.entries(again).map(([what, count]) => `${what} ${count} times`);
    this.notes.push(
      `${failures} of ${uploads} uploads at once failed; requests were made again after: ` +
        `${retried.join(', ') || 'nothing'}.`,
    );
    return {
      figures: { uploadMb: peak / MEGABYTE, uploadMbPerSecond: bytes / MEGABYTE / seconds },
    };
  }

  #upload(job: Pick<UploadJob, 'uploads' | 'file' | 'bytes' | 'seconds'>): Promise<UploadResult> {
    const { port } = this.#child!;
    const { tokens } = this.#sale!.plan;
    const to = { host: '127.0.0.1', port, tokens, addresses: ADDRESSES };
    return this.#uploads.run({ ...to, ...job }, UPLOADS_MAX_MS);
  }

  async stop(): Promise<void> {
    for (const one of [this.#media, this.#bare]) await one?.process.stop();
    await this.#orders?.stop();
    await this.#floor?.stop();
    await this.#downloads.stop();
    await this.#uploads.stop();
    await this.#paced.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #download(
    { process, port }: MediaProcess,
    paths: readonly string[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Record<string, number>> {
    const measured = await measure({
      server: process,
      plan: { ...planOf(port, paths), headers },
      generator: 'saturating',
      connections: CONNECTIONS,
      seconds: this.#options.seconds,
      warmUpSeconds: WARM_UP_SECONDS,
      load: this.#downloads,
    });
    return {
      variantsPerSecond: measured.perSecond,
      variantCpuMicros: measured.serverCpuMicrosPerAnswer,
      variantP99Ms: measured.p99Ms,
    };
  }

  async #ordersOf({ server, plan }: Sold, seconds: number): Promise<Record<string, number>> {
    const { host, port } = plan;
    const { result, cost } = await costOf(server, this.#paced, {
      host,
      port,
      kinds: [ordersOf(plan)],
      connections: CONNECTIONS,
      perSecond: this.#ordersPerSecond,
      seconds,
    });
    const { done, due } = result.kinds['orders']!;
    return {
      ordersPerSecond: done.answers / result.seconds,
      notPlaced: due - done.answers,
      p50Ms: done.p50Ms,
      p99Ms: done.p99Ms,
      orderCpuMicros: cost.serverCpuMicrosPerAnswer,
    };
  }
}

class MediaProcess {
  readonly process: PinnedProcess;
  readonly port: number;

  private constructor(process: PinnedProcess, port: number) {
    this.process = process;
    this.port = port;
  }

  static async start(folder: string, core: number, ...mode: string[]): Promise<MediaProcess> {
    const process = new PinnedProcess({ core, args: [SERVER, folder, ...mode] });
    return new MediaProcess(process, Number(await process.line()));
  }

  async make(job: MakeJob): Promise<MakeResult> {
    this.process.write(JSON.stringify(job));
    return JSON.parse(await this.process.line()) as MakeResult;
  }
}

function planOf(port: number, paths: readonly string[]): RequestPlan {
  return { host: '127.0.0.1', port, paths, tokens: ['', '', '', ''], body: null };
}

/** Another process may take it before the caller does. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
