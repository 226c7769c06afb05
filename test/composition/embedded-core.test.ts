import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { systemClock } from '../../actors/clock.ts';
import { StoreClock } from '../../actors/cluster/store-clock.ts';
import { createEmbeddedCore } from '../../composition/embedded-core.ts';
import { lockDirectory } from '../../storage/sqlite/directory-lock.ts';

test('a core that cannot be made gives the data directory free again', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'livedrops-core-'));
  t.teardown(() => rmSync(data, { recursive: true }));
  const config = { ...loadConfig({ LIVEDROPS_DATA: data }), paymentSecrets: ['whsec_'] };
  const log = pino({ level: 'silent' });
  await t.throwsAsync(
    createEmbeddedCore({
      config,
      clock: new StoreClock({ clock: systemClock }),
      provider: null,
      restart: () => undefined,
      log,
    }),
  );
  const unlock = lockDirectory(data);
  unlock();
});
