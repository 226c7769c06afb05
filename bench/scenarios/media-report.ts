// The figures, subjects and findings of the scenario `media`.

import { besideFindings, besideSubjects, type OrdersAndFloor } from '../orders-beside.ts';
import {
  type Figure,
  figureOf,
  type Finding,
  ratio,
  type Sample,
  type Subject,
} from '../scenario.ts';
import { VARIANT_BYTES, VARIANTS } from '../load/media-blobs.ts';
import { CONNECTIONS, UPLOADS_BESIDE } from './media-bench.ts';

const UPLOAD_MB_MAX = 200;

export const MEDIA_FIGURES: readonly Figure[] = [
  figureOf('picturesPerSecond', 'pictures made', 'pictures/s', 'more', 2),
  figureOf('filesPerSecond', 'variants made', 'files/s', 'more', 1),
  figureOf('pictureCpuMs', 'CPU a picture', 'ms', 'less', 0),
  figureOf('makerMb', 'memory of the maker, at most', 'MB', 'less', 0),
  figureOf('variantsPerSecond', 'variants read', 'replies/s', 'more', 0),
  figureOf('variantCpuMicros', 'CPU of a reply', 'µs', 'less', 0),
  figureOf('variantP99Ms', 'p99 of a reply', 'ms', 'less', 1),
  figureOf('rangesPerSecond', 'ranges read', 'replies/s', 'more', 0),
  figureOf('deliveryMb', 'memory of the delivery', 'MB', 'less', 0),
  figureOf('ordersPerSecond', 'orders', 'orders/s', 'more', 0),
  figureOf('notPlaced', 'orders not placed', 'orders', 'less', 0),
  figureOf('p50Ms', 'p50 of orders', 'ms', 'less', 2),
  figureOf('p99Ms', 'p99 of orders', 'ms', 'less', 2),
  figureOf('orderCpuMicros', 'CPU of an order', 'µs', 'less', 1),
  figureOf('uploadMb', 'memory of uploads at once', 'MB', 'less', 0),
  figureOf('uploadMbPerSecond', 'uploaded', 'MB/s', 'more', 0),
];

export type Kind = 'made' | 'bare' | keyof OrdersAndFloor | 'uploads';
type Samples = Readonly<Record<Kind, readonly Sample[]>>;

/** What the orders are beside. */
export const LABEL = 'media';

export function subjectsOf(samples: Samples): Subject[] {
  return [
    {
      key: 'media',
      label: 'media',
      role: 'livedrops',
      about: 'Delivery and the maker of variants of the role media, with blobs in a folder.',
      samples: samples.made,
    },
    {
      key: 'bare',
      label: 'node:http',
      role: 'ceiling',
      about: 'node:http that streams the same files, without ranges, conditions or checks.',
      samples: samples.bare,
    },
    ...besideSubjects(LABEL, samples, {
      beside: "The same, while the server's media process, on the core of the clients, is busy.",
      floorBeside: "The same, while LiveDrops' media process is as busy as beside its own orders.",
    }),
    {
      key: 'uploads',
      label: 'uploads at once',
      role: 'livedrops',
      about: 'The media process of that server, while all of them bring bytes.',
      samples: samples.uploads,
    },
  ];
}

/** `subjects`: as `subjectsOf` gives them. `uploads`: how many there were at once. */
export function findingsOf(
  samples: Samples,
  subjects: readonly Subject[],
  uploads: number,
): Finding[] {
  const [made, bare] = subjects as [Subject, Subject];
  return [
    ratio({
      label: 'variants a second, to a bare node:http server',
      of: made,
      to: bare,
      figure: 'variantsPerSecond',
      aim: null,
    }),
    ...besideFindings(LABEL, samples),
    {
      label: `memory of ${uploads} uploads at once`,
      unit: 'MB',
      digits: 0,
      samples: samples.uploads.map(({ figures }) => figures['uploadMb']!),
      better: 'less',
      aim: UPLOAD_MB_MAX,
    },
  ];
}

export const METHOD =
  'A JPEG of 12 megapixels is made into its 15 variants and the preview, again and again, by one ' +
  `process on one core. ${VARIANTS} variants of ${VARIANT_BYTES} bytes are read at random by ` +
  `${CONNECTIONS} connections, then ranges of 64 KiB of a video of 64 MiB. Orders come at half ` +
  'of what the server takes and are timed from when they were due: twice alone, then while the ' +
  `server's own media process, on the core of the clients, gets ${UPLOADS_BESIDE} uploads of ` +
  `that picture at once, makes variants of them, and ${CONNECTIONS} connections read variants, ` +
  'all as fast as that core gives. Above 0.9 their 99th percentile is less than a tenth longer. ' +
  'So do the orders of the durable floor, which shares disk and cores with media in the same ' +
  'way. At last uploads of zeros come at once, each from one client, and the most memory of the ' +
  'media process is told.';
