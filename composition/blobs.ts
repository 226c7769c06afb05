// The place of blobs, by the configuration.

import { FolderBlobs } from '../storage/blobs/blobs-folder.ts';
import type { Blobs } from '../storage/ports/blobs.ts';
import type { BlobsConfig } from './config.ts';

export async function openBlobs(config: BlobsConfig): Promise<Blobs> {
  if (config.kind === 'folder') return new FolderBlobs(config);
  // Loaded only where there is a bucket.
  const { S3Blobs } = await import('../storage/blobs/blobs-s3.ts');
  return new S3Blobs(config);
}
