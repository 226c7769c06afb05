// The stored form of what is known of a picture or a film: JSON.

import type { Media } from '../../contracts/media.ts';

export function encodeMedia(media: Media): string {
  return JSON.stringify(media);
}

export function decodeMedia(text: string): Media {
  return JSON.parse(text) as Media;
}
