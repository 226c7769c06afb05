// Limits from a file that changes while the server runs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Limits } from '../../contracts/limits.ts';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-limits-'));
  const file = join(directory, 'limits.json');
  const store = (limits: Limits): void => writeFileSync(file, JSON.stringify(limits));

  test.before(async () => {
    store({ rates: { reads: { user: 4 } } });
    server = await SaleServer.start(profile, {
      LIVEDROPS_RATE_LIMITS: 'on',
      LIVEDROPS_LIMITS_FILE: file,
    });
  });
  test.after.always(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Through each of at most two gateways: how many of ten reads by a new user pass. */
  const passed = async (): Promise<number[]> => {
    const token = server.token(server.fresh('reader'));
    const counts = [0, 0];
    for (let i = 0; i < 20; i++)
      if ((await server.call('GET', '/v1/notifications', { token })).status === 200)
        counts[i % 2]! += 1;
    return counts;
  };
  const perUser = async (): Promise<number> => {
    const [one = 0, other = 0] = await passed();
    return profile === 'cluster' ? Math.max(one, other) : one + other;
  };

  test.serial('H5a: limits change on every gateway without a restart, and back', async (t) => {
    t.true((await perUser()) < 4);
    store({ rates: { reads: { user: 1_000 } } });
    t.deepEqual(await eventually(passed, ([a, b]) => a === 10 && b === 10), [10, 10]);
    store({ rates: { reads: { user: 4 } } });
    t.true((await eventually(perUser, (count) => count < 4)) < 4);
  });
});
