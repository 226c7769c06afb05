// Pictures and films of creators and users (M1 to M3): begun with what the client says of them,
// uploaded to the media origin, then checked and made into variants.

import { Type } from 'typebox';
import {
  IMAGE_BYTES_MAX,
  MEDIA_FILENAME_LENGTH_MAX,
  MEDIA_REASON_LENGTH_MAX,
  MEDIA_VARIANTS_MAX,
  USES_OF_MEDIUM_MAX,
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
export const MediaStatus = Type.Enum([...MEDIA_STATUSES], { type: 'string' });
export const MediaKind = Type.Enum(['image', 'video'], { type: 'string' });
export const MediaVisibility = Type.Enum(['private', 'public'], {
  type: 'string',
  description: 'private: its URLs are signed, and its owner alone gets them',
});

export const MediaPurpose = Type.Enum([...MEDIA_PURPOSES], { type: 'string' });
const purpose = MediaPurpose;
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
const bytes = Type.Integer({ minimum: 0, maximum: VIDEO_BYTES_MAX });

/** Most bytes of a file for this purpose, before its type is known. */
export function mediaBytesMax(of: MediaPurpose): number {
  return of === 'avatar' ? IMAGE_BYTES_MAX : VIDEO_BYTES_MAX;
}

const MediaVariant = Type.Object(
  {
    /** Such as `w640-1`. */
    name: Type.String(),
    type: Type.String(),
    width: pixels,
    height: pixels,
    bytes,
    /** Stored as the path at the media origin; clients get the whole URL. */
    url: Type.String(),
  },
  { title: 'MediaVariant' },
);
export type MediaVariant = Plain<typeof MediaVariant>;

/**
 * A product that names it, or is about to: the medium says so before the product is written at this
 * revision (`app/media-uses.ts`).
 */
const MediaUse = Type.Object({ productId: id, revision: count, since: time });
export type MediaUse = Plain<typeof MediaUse>;

/** What processing found out, and made. */
const found = {
  kind: MediaKind,
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
    bytes,
    status: MediaStatus,
    /** Why it was refused, in one sentence. */
    reason: absentIfNull(Type.String({ maxLength: MEDIA_REASON_LENGTH_MAX })),
    createdAt: time,
    /** An upload that is not finished by then is removed. */
    expiresAt: absentIfNull(time),
    /** Rises by one with each change. */
    revision: inside(count),
    /**
     * Stored: whether it is private until it is on a product of which a drop was announced; absent
     * for never. Shown: as it is now.
     */
    visibility: Type.Optional(MediaVisibility),
    uses: inside(Type.Optional(Type.Array(MediaUse, { maxItems: USES_OF_MEDIUM_MAX }))),
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

/** One of a product, once it is ready. */
export const ProductMedia = Type.Object(
  {
    id,
    ...Type.Pick(MediaContent, ['kind', 'type', 'width', 'height']).properties,
    preview: absentIfNull(found.preview.anyOf[0]),
    variants: found.variants,
  },
  { title: 'ProductMedia' },
);
export type ProductMedia = Plain<typeof ProductMedia>;

/**
 * What cards show: the first picture of a product, or the picture of a profile. Other sizes and
 * formats are beside the URL (docs/MEDIA.md).
 */
export const Picture = Type.Object(
  {
    /** Of the medium. */
    id,
    width: pixels,
    height: pixels,
    /** A JPEG, or a PNG where it is transparent, about 640 pixels wide. Stored as a path. */
    url: Type.String(),
    preview: absentIfNull(found.preview.anyOf[0]),
  },
  { title: 'Picture' },
);
export type Picture = Plain<typeof Picture>;

/** What the change stream has of a medium: no name, no picture, and no bytes but the digest. */
export const MediaSummary = Type.Object({
  ownerId: userId,
  purpose,
  status: Media.properties.status,
  bytes: count,
  createdAt: time,
  kind: Type.Optional(found.kind),
  type: Type.Optional(found.type),
  sha256: Type.Optional(found.sha256),
  width: Type.Optional(pixels),
  height: Type.Optional(pixels),
});
export type MediaSummary = Plain<typeof MediaSummary>;

// On the wire

export const MediaBody = wire(Media);

export const UploadPlace = Type.Object(
  {
    url: Type.String({ description: 'of tus 1.0.0, at the media origin: uploads begin by a POST' }),
  },
  { title: 'UploadPlace' },
);
