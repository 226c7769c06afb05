// `livedrops demo --seed-only`: makes the sample shop on a server that runs.

import { makeSampleShop } from '../../composition/sample/sample-shop.ts';
import { runningServerUrl } from '../connect-by-settings.ts';

export interface SeedOptions {
  /** Default: the server that runs on LIVEDROPS_DATA. */
  readonly url?: string;
}

export async function seed({ url: given }: SeedOptions): Promise<void> {
  const url = given ?? runningServerUrl();
  if (url === null)
    throw new Error('no server runs here; start one with `npm start`, or name it by --url');
  const { email, password, drops, pictures } = await makeSampleShop(url);
  await pictures;
  process.stdout.write(
    `${drops} drops are on ${url}\nLog in at ${url}/studio as ${email}, password ${password}\n`,
  );
}
