// Blanks what a video tells besides itself: places, devices, names, cover pictures. In place, and
// without moving a byte of the rest, so every offset in the file stays right.

import { open } from 'node:fs/promises';
import type { MetadataBlock } from '../types/walk.ts';

const ZEROS = Buffer.alloc(64 * 1024);

/** `blocks` are those that `recognise` found in a file with these bytes. */
export async function blankMetadata(file: string, blocks: readonly MetadataBlock[]): Promise<void> {
  if (blocks.length === 0) return;
  const handle = await open(file, 'r+');
  try {
    for (const { offset, header, bytes } of blocks) {
      await handle.write(header, 0, header.length, offset);
      const end = offset + bytes;
      for (let at = offset + header.length; at < end; at += ZEROS.length)
        await handle.write(ZEROS, 0, Math.min(ZEROS.length, end - at), at);
    }
  } finally {
    await handle.close();
  }
}
