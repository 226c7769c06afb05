// Nodes that are killed while they upgrade the data of an earlier commit.

import { assertGoesOn, assertShown, assertVerified, OPENINGS } from './opened-sale.ts';
import { type Recording, RECORDINGS } from './recorded.ts';

const TIMEOUT_MS = 240_000;
/** Kills of a node that has just begun, each a little later than the one before. */
const KILLS = 4;
const KILL_STEP_MS = 150;

for (const recording of RECORDINGS) {
  for (const profile of OPENINGS) testRecording(recording, profile);
}

function testRecording(recording: Recording, { name, open, run }: (typeof OPENINGS)[number]) {
  const { commit } = recording;
  run(
    `a kill -9 in the middle of the upgrade from ${commit} loses nothing (${name})`,
    async (t) => {
      t.timeout(TIMEOUT_MS);
      const { sale, node } = await open(t, recording);
      for (let kill = 1; kill <= KILLS; kill++) {
        const killed = node();
        const started = killed.start().catch(() => null);
        await new Promise((resolve) => setTimeout(resolve, kill * KILL_STEP_MS));
        await killed.stop('SIGKILL');
        await started;
      }
      const late = node();
      await late.start();
      await late.stop('SIGKILL');
      const client = await node().start();
      await assertShown(t, client, sale, recording);
      await assertVerified(t, client);
      await assertGoesOn(t, client, sale);
    },
  );
}
