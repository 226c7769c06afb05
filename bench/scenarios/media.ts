// Media (M2 to M4): how fast variants are made and delivered, what it takes, and what it costs the
// orders of a server on the other core.

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { variantKey, variantPath } from '../../media/variants/recipes.ts';
import { FolderBlobs } from '../../storage/blobs/blobs-folder.ts';
import { LoadProcess } from '../load/load-process.ts';
import { ordersOf, type RequestPlan } from '../load/request-plan.ts';
import { type ClosedLoop, costOf, measure, type OpenLoop } from '../measure.ts';
import { LOAD_CORE, PinnedProcess, SERVER_CORE } from '../pinned-process.ts';
import {
  type CommonOptions,
  count,
  type Log,
  ratio,
  type Sample,
  type Scenario,
  type ScenarioReport,
  type Subject,
} from '../scenario.ts';
import { LiveDropsOrderServer } from '../servers/livedrops-order-server.ts';
import type { MakeJob, MakeResult } from '../servers/media-server.ts';
import { MEDIA_FIGURES } from './media-report.ts';

const SERVER = new URL('../servers/media-server.ts', import.meta.url).pathname;
/** A picture of 12 megapixels, as telephones take them. */
const PICTURE = { width: 4_000, height: 3_000 };
const NOISE_SCALE = 4;
/** The size of a `w640` in WebP, and of a piece of a video that a player asks for. */
const VARIANT_BYTES = 60_000;
const RANGE_BYTES = 65_536;
const VIDEO_BYTES = 64 * 1024 * 1024;
const VARIANTS = 500;
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1;
const STOCK = 10_000_000;
const MEGABYTE = 1e6;

export interface MediaOptions extends CommonOptions {
  readonly ordersPerSecond: number;
}

export const media: Scenario<MediaOptions> = {
  name: 'media',
  description: 'variants made and delivered, ranges of a video, and orders beside all of it',
  options: [
    {
      flags: '--orders-per-second <n>',
      description: 'beside media and without',
      parse: count,
      default: 2_000,
    },
  ],
  defaults: { rounds: 3, seconds: 5 },
  run,
};

interface Prepared {
  readonly folder: string;
  readonly picture: string;
  readonly variants: readonly string[];
  readonly video: string;
}

async function run(options: MediaOptions, log: Log): Promise<ScenarioReport> {
  const folder = mkdtempSync(join(tmpdir(), 'livedrops-media-'));
  const made: Sample[] = [];
  const bare: Sample[] = [];
  const alone: Sample[] = [];
  const beside: Sample[] = [];
  const bench = new MediaBench(options);
  try {
    log('making a picture and a folder of blobs');
    await bench.start(await prepare(folder));
    for (let round = 1; round <= options.rounds; round++) {
      log(`round ${round} of ${options.rounds}`);
      made.push(await bench.mediaAlone());
      bare.push(await bench.bareAlone());
      alone.push(await bench.orders());
      beside.push(await bench.ordersBesideMedia());
    }
  } finally {
    await bench.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const subjects = subjectsOf({ made, bare, alone, beside });
  const [ofMedia, ofBare, ofAlone, ofBeside] = subjects as [Subject, Subject, Subject, Subject];
  return {
    name: media.name,
    title: 'Media, and orders beside them',
    method: METHOD,
    settings: {
      rounds: options.rounds,
      seconds: options.seconds,
      ordersPerSecond: options.ordersPerSecond,
    },
    figures: MEDIA_FIGURES,
    subjects,
    findings: [
      ratio({
        label: 'variants a second, to a bare node:http server',
        of: ofMedia,
        to: ofBare,
        figure: 'variantsPerSecond',
        aim: null,
      }),
      ratio({
        label: 'p99 of orders without media, to that beside them',
        of: ofBeside,
        to: ofAlone,
        figure: 'p99Ms',
        aim: 0.9,
        inverse: true,
      }),
    ],
    notes: [],
  };
}

async function prepare(folder: string): Promise<Prepared> {
  const blobs = new FolderBlobs({ folder: join(folder, 'blobs'), create: true });
  const { width, height } = PICTURE;
  const noise = sharp({
    create: {
      width: width / NOISE_SCALE,
      height: height / NOISE_SCALE,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 50 },
    },
  });
  const picture = join(folder, 'picture.jpg');
  await sharp(await noise.blur(2).png().toBuffer())
    .resize(width, height)
    .jpeg({ quality: 88 })
    .toFile(picture);
  const store = async (name: string, extension: 'webp' | 'mp4', bytes: number) => {
    const sha256 = randomBytes(32).toString('hex');
    const key = variantKey(sha256, { name, extension });
    await blobs.put(key, Readable.from([randomBytes(bytes)]), { bytesMax: bytes });
    return variantPath(sha256, { name, extension });
  };
  const variants: string[] = [];
  for (let i = 0; i < VARIANTS; i++) variants.push(await store('w640-1', 'webp', VARIANT_BYTES));
  const video = await store('video-1', 'mp4', VIDEO_BYTES);
  return { folder: join(folder, 'blobs'), picture, variants, video };
}

class MediaBench {
  readonly #options: MediaOptions;
  readonly #orders: LiveDropsOrderServer;
  readonly #downloads: ClosedLoop = new LoadProcess({ generator: 'saturating' });
  readonly #paced: OpenLoop = new LoadProcess({ generator: 'open-loop' });
  #prepared: Prepared | null = null;
  #media: MediaProcess | null = null;
  /** On the core of the clients, beside the orders of the other. */
  #mediaOfClients: MediaProcess | null = null;
  #bare: MediaProcess | null = null;
  #plan: RequestPlan | null = null;

  constructor(options: MediaOptions) {
    this.#options = options;
    this.#orders = new LiveDropsOrderServer({ profileDirectory: options.profileDirectory });
  }

  async start(prepared: Prepared): Promise<void> {
    this.#prepared = prepared;
    this.#media = await MediaProcess.start(prepared.folder, SERVER_CORE);
    this.#mediaOfClients = await MediaProcess.start(prepared.folder, LOAD_CORE);
    this.#bare = await MediaProcess.start(prepared.folder, SERVER_CORE, 'bare');
    await this.#orders.start();
    this.#plan = await this.#orders.drop(STOCK);
    await this.#ordersFor(WARM_UP_SECONDS);
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
    return { figures: await this.#ordersFor(this.#options.seconds) };
  }

  async ordersBesideMedia(): Promise<Sample> {
    const { seconds } = this.#options;
    const server = this.#mediaOfClients!;
    const { picture, variants } = this.#prepared!;
    const plan = planOf(server.port, variants);
    const longer = seconds + 2 * WARM_UP_SECONDS;
    const [figures, making] = await Promise.all([
      this.#ordersFor(seconds),
      server.make({ file: picture, seconds: longer }),
      this.#downloads.run({ plan, connections: CONNECTIONS, seconds: longer }),
    ]);
    return { figures: { ...figures, picturesPerSecond: making.pictures / making.seconds } };
  }

  async stop(): Promise<void> {
    for (const one of [this.#media, this.#mediaOfClients, this.#bare]) await one?.process.stop();
    await this.#orders.stop();
    await this.#downloads.stop();
    await this.#paced.stop();
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

  async #ordersFor(seconds: number): Promise<Record<string, number>> {
    const { host, port } = this.#plan!;
    const { result, cost } = await costOf(this.#orders, this.#paced, {
      host,
      port,
      kinds: [ordersOf(this.#plan!)],
      connections: CONNECTIONS,
      perSecond: this.#options.ordersPerSecond,
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

function subjectsOf(of: Record<'made' | 'bare' | 'alone' | 'beside', Sample[]>): Subject[] {
  return [
    {
      key: 'media',
      label: 'media',
      role: 'livedrops',
      about: 'Delivery and the maker of variants of the role media, with blobs in a folder.',
      samples: of.made,
    },
    {
      key: 'bare',
      label: 'node:http',
      role: 'ceiling',
      about: 'node:http that streams the same files, without ranges, conditions or checks.',
      samples: of.bare,
    },
    {
      key: 'orders',
      label: 'orders alone',
      role: 'livedrops',
      about: 'The whole server on its core, orders of one drop at a fixed rate.',
      samples: of.alone,
    },
    {
      key: 'orders-beside',
      label: 'orders beside media',
      role: 'livedrops',
      about: 'The same, while media are made and delivered on the core of the clients.',
      samples: of.beside,
    },
  ];
}

const METHOD =
  'A JPEG of 12 megapixels is made into its 15 variants and the preview, again and again, by one ' +
  `process on one core. ${VARIANTS} variants of ${VARIANT_BYTES} bytes are read at random by ` +
  `${CONNECTIONS} connections, then ranges of 64 KiB of a video of 64 MiB. Orders come at a ` +
  'fixed rate and are timed from when they were due, first alone, then while variants are made ' +
  'and read on the other core as fast as that core gives. Above 0.9 their 99th percentile is ' +
  'less than a tenth longer.';
