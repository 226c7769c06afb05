// Reads lists of blobs to their ends.

import { BLOBS_PER_PAGE, type Blobs, type StoredBlob } from '../storage/ports/blobs.ts';

/** All blobs whose keys begin so, page by page, in their order. Errors: `store-unavailable`. */
export async function* listBlobs(
  blobs: Pick<Blobs, 'list'>,
  prefix: string,
): AsyncGenerator<StoredBlob> {
  let after: string | undefined;
  for (;;) {
    const page = await blobs.list(prefix, after);
    yield* page;
    if (page.length < BLOBS_PER_PAGE) return;
    after = page.at(-1)!.key;
  }
}
