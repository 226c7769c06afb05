// Offers sample goods by the API alone, as a creator would.

import type { LiveDrops } from '../../sdk/client.ts';
import { settledMedia, Upload } from '../../sdk/uploads.ts';
import type { Goods } from './goods.ts';

/** Uploads the picture of the goods, and resolves to its id once its variants are there. */
export async function sendPicture(client: LiveDrops, { drawing }: Goods): Promise<string> {
  const { draw } = await import('./picture.ts');
  const file = await draw(drawing);
  const sent = new Upload({ client, file, purpose: 'product', filename: 'sample.jpg' });
  const media = await settledMedia(client, await sent.done);
  if (media.status !== 'ready') throw new Error(`the picture was refused: ${media.reason}`);
  return media.id;
}

/** Resolves to the id of the product. `creatorId`: of whom the client is. */
export async function addProduct(
  client: LiveDrops,
  creatorId: string,
  { name, description }: Goods,
  mediaIds: readonly string[],
): Promise<string> {
  const { id } = await client.call('POST /v1/creators/{id}/products', {
    path: { id: creatorId },
    body: { name, description, ...(mediaIds.length > 0 && { mediaIds }) },
  });
  return id;
}
