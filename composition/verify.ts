// `verify` for the embedded profile, where no server runs on the data directory: it loads the node
// without a gateway and verifies that.

import { systemClock } from '../actors/clock.ts';
import { StoreClock } from '../actors/cluster/store-clock.ts';
import type { RunContext } from '../actors/run-context.ts';
import type { VerifyReport } from '../contracts/operator.ts';
import type { Config } from './config.ts';
import { requireOneNode } from './data-directory.ts';
import { createEmbeddedCore, type EmbeddedCore } from './embedded-core.ts';
import { createLog } from './log.ts';

/**
 * Null where a server uses the data directory: it verifies. Errors: `no-data` where there is no
 * journal; the reason of the run's signal; an Error with any other reason why there is no report.
 */
export async function verifyEmbedded(
  config: Config,
  run: RunContext,
): Promise<VerifyReport | null> {
  requireOneNode(config.dataDirectory);
  const log = createLog(config);
  let core: EmbeddedCore;
  try {
    core = await createEmbeddedCore({
      config,
      clock: new StoreClock({ clock: systemClock }),
      provider: null,
      restart: () => undefined,
      log,
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'directory-in-use') throw error;
    return null;
  }
  try {
    await core.start();
    await core.relay.caughtUp();
    const shards = core.host.shards.map(({ id }) => id);
    return await core.verify(shards, run);
  } finally {
    await core.stop();
  }
}
