// The settings of pictures and films: where their bytes are, and where the media process listens.

import { resolve } from 'node:path';
import { Type } from 'typebox';
import { meaning, oneOf, unsetOr } from './setting-shapes.ts';

/** Where blobs are. */
export type BlobsAddress =
  | { readonly kind: 'folder' /** Absolute. */; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Null: that of AWS. */
      readonly endpoint: string | null;
      readonly region: string;
    };

const OFF = 'off';
const FOLDER = /^file:(.+)$/;
const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?(?:\?(.*))?$/;
const PARAMETERS = ['endpoint', 'region'];
const REGION = /^[a-z0-9-]{1,40}$/;
const REGION_DEFAULT = 'us-east-1';

/** By the variable's name without `LIVEDROPS_`. */
export const MEDIA_SETTINGS = {
  BLOBS: meaning<string | null>(
    {
      default: '',
      description:
        'Where pictures and films are: a folder or a bucket; off: nowhere. Unset: ' +
        'LIVEDROPS_DATA/blobs of a node alone, nowhere in a cluster.',
      requirement:
        'must be file:/path/of/a/folder, s3://bucket, ' +
        's3://bucket?endpoint=https://host:port&region=name, or off',
    },
    (text) => text === '' || text === OFF || parseBlobsAddress(text) !== null,
    (text) => (text === '' ? null : text),
  ),
  BLOBS_KEY_ID: unsetOr(Type.String({ pattern: '^[!-~]{1,128}$' }), {
    default: '',
    description: 'The account of the bucket; unset: what the machine has, such as AWS_PROFILE.',
    requirement: 'must be visible characters',
  }),
  BLOBS_SECRET: unsetOr(Type.String({ pattern: '^[!-~]{1,256}$' }), {
    default: '',
    secret: true,
    description: 'The secret of that account.',
    requirement: 'must be visible characters',
  }),
  MEDIA_PORT: unsetOr(Type.Integer({ minimum: 0, maximum: 65_535 }), {
    default: '',
    description:
      'The port of the media process; unset: the one above LIVEDROPS_PORT, else any free one.',
    requirement: 'must be a port, 0 to 65535 (0: any free one)',
  }),
  MEDIA_DELIVERY: oneOf(['stream', 'redirect'], {
    default: 'stream',
    description:
      'Whether variants flow through the media process, or readers are sent to the bucket.',
  }),
  MEDIA_URL: unsetOr(
    Type.Refine(Type.String({ pattern: '^https?://' }), (url) => URL.canParse(url)),
    {
      default: '',
      description: 'The media origin for clients; unset: the address of the media process.',
      requirement: 'must be a URL such as https://media.shop.example',
    },
  ),
};

/** Null where the text is no address of blobs. */
function parseBlobsAddress(text: string): BlobsAddress | null {
  const folder = FOLDER.exec(text)?.[1];
  if (folder !== undefined) return { kind: 'folder', folder: resolve(folder) };
  const [, bucket, query = ''] = BUCKET.exec(text) ?? [];
  if (bucket === undefined) return null;
  const parameters = new URLSearchParams(query);
  const endpoint = parameters.get('endpoint');
  const region = parameters.get('region') ?? REGION_DEFAULT;
  const isRight =
    [...parameters.keys()].every((name) => PARAMETERS.includes(name)) &&
    (endpoint === null || (/^https?:/.test(endpoint) && URL.canParse(endpoint))) &&
    REGION.test(region);
  return isRight ? { kind: 's3', bucket, endpoint, region } : null;
}

/** `text`: of `BLOBS`; null where it is unset. Null: there are none. */
export function blobsAddress(text: string | null, unset: BlobsAddress | null): BlobsAddress | null {
  if (text === null) return unset;
  return text === OFF ? null : parseBlobsAddress(text);
}

export function mediaContradictions(values: {
  readonly keyId: string | null;
  readonly secret: string | null;
}): string[] {
  return (values.keyId === null) === (values.secret === null)
    ? []
    : ['LIVEDROPS_BLOBS_KEY_ID and LIVEDROPS_BLOBS_SECRET go together'];
}
