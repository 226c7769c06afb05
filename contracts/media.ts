// Pictures and films of creators and users (M1 to M3): begun with what the client says of them,
// uploaded to the media origin, then checked and made into variants.

import { Type } from 'typebox';
import {
  IMAGE_BYTES_MAX,
  MEDIA_FILENAME_LENGTH_MAX,
  MEDIA_REASON_LENGTH_MAX,
  MEDIA_VARIANTS_MAX,
  VIDEO_BYTES_MAX,
} from './bounds.ts';
import type { Plain } from './plain.ts';
import { LINE } from './patterns.ts';
import { count, id, STRICT, time, userId } from './scalars.ts';
import { absentIfNull, inside, wire } from './wire.ts';

/** What it is for. A profile picture is an image. */
const MEDIA_PURPOSES = ['product', 'avatar'] as const;
export type MediaPurpose = (typeof MEDIA_PURPOSES)[number];

/**
 * `uploading` until all its bytes are there, then `processing`, until it is `ready` or `refused`
 * for good.
 */
const MEDIA_STATUSES = ['uploading', 'processing', 'ready', 'refused'] as const;

const purpose = Type.Enum([...MEDIA_PURPOSES], { type: 'string' });
const filename = Type.String({
  minLength: 1,
  maxLength: MEDIA_FILENAME_LENGTH_MAX,
  pattern: LINE,
});

export const NewMedia = Type.Object(
  {
    filename,
    purpose,
    /** Of the whole file. */
    bytes: Type.Integer({ minimum: 1, maximum: VIDEO_BYTES_MAX }),
  },
  { ...STRICT, title: 'NewMedia' },
);
export type NewMedia = Plain<typeof NewMedia>;

const pixels = Type.Integer({ minimum: 1 });

/** Most bytes of a file for this purpose, before its type is known. */
export function mediaBytesMax(of: MediaPurpose): number {
  return of === 'avatar' ? IMAGE_BYTES_MAX : VIDEO_BYTES_MAX;
}

const MediaVariant = Type.Object({
  /** Such as `w640-1`. */
  name: Type.String(),
  type: Type.String(),
  width: pixels,
  height: pixels,
  bytes: count,
  /** Stored as the path at the media origin; clients get the whole URL. */
  url: Type.String(),
});
export type MediaVariant = Plain<typeof MediaVariant>;

/** What processing found out, and made. */
const found = {
  kind: Type.Enum(['image', 'video'], { type: 'string' }),
  /** The media type, from the bytes. */
  type: Type.String(),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  width: pixels,
  height: pixels,
  /** A blurred picture as a data URL. */
  preview: Type.Union([Type.String(), Type.Null()]),
  variants: Type.Array(MediaVariant, { maxItems: MEDIA_VARIANTS_MAX }),
};
const MediaContent = Type.Object(found);
export type MediaContent = Plain<typeof MediaContent>;

export const Media = Type.Object(
  {
    id,
    /** The user, or the organisation. */
    ownerId: userId,
    purpose,
    /** Nobody but the owner's files have that name. */
    filename: inside(filename),
    bytes: count,
    status: Type.Enum([...MEDIA_STATUSES], { type: 'string' }),
    /** Why it was refused, in one sentence. */
    reason: absentIfNull(Type.String({ maxLength: MEDIA_REASON_LENGTH_MAX })),
    createdAt: time,
    /** An upload that is not finished by then is removed. */
    expiresAt: absentIfNull(time),
    /** Rises by one with each change. */
    revision: inside(count),
    content: absentIfNull(MediaContent),
  },
  { title: 'Media' },
);
export type Media = Plain<typeof Media>;

/** How processing ended. */
export type MediaResult =
  | { readonly status: 'ready'; readonly content: MediaContent }
  | { readonly status: 'refused'; readonly reason: string };

/** Stands for the caller's own id where the media process begins an upload. */
export const CALLER = '-';

// On the wire

export const MediaBody = wire(Media);

export const UploadPlace = Type.Object(
  {
    url: Type.String({ description: 'of tus 1.0.0, at the media origin: uploads begin by a POST' }),
  },
  { title: 'UploadPlace' },
);
