// Runs a suite on both profiles, each with its own server. On the cluster the calls go to two
// gateways in turn, so that a call reads through the other node what the previous call wrote.
// Titles end with the profile's name there. A start of the cluster takes more CPU time than most
// suites: `npm test` runs them on one node, and `npm run test:long` on the cluster.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import ava, { type ExecutionContext } from 'ava';
import { clusterInstalled, type Profile } from './sale-nodes.ts';

const PROFILES = ['embedded', 'cluster'] as const satisfies readonly Profile[];
/** On both profiles in every run: a sale through two gateways is never left out. */
const ALWAYS_ON_BOTH = 'orders.test.ts';

type Run = (t: ExecutionContext) => Promise<void> | void;

/** The part of AVA that these suites use. */
export interface ProfileTest {
  (title: string, run: Run): void;
  readonly serial: (title: string, run: Run) => void;
  readonly before: (run: Run) => void;
  readonly after: { readonly always: (run: Run) => void };
}

export function onEachProfile(declare: (test: ProfileTest, profile: Profile) => void): void {
  for (const profile of profilesOfThisRun())
    declare(profile === 'embedded' ? profileTest((title) => title) : clusterTest(), profile);
}

/**
 * Of the test file that asks. `TEST_RUN` is what `scripts/test.mjs` is called for; a file that is
 * run by itself has both profiles, and so have long tests.
 */
export function profilesOfThisRun(): readonly Profile[] {
  const file = basename(fileURLToPath(ava.meta.file));
  if (file === ALWAYS_ON_BOTH || file.endsWith('.long.test.ts')) return PROFILES;
  const run = process.env['TEST_RUN'];
  return PROFILES.filter((profile) => run !== (profile === 'embedded' ? 'long' : 'quick'));
}

/**
 * Servers start one after the other: two that start at once in this process hold up each other's
 * calls for longer, and on a busy machine for too long.
 */
function profileTest(named: (title: string) => string): ProfileTest {
  return Object.assign((title: string, run: Run): void => ava(named(title), run), {
    serial: (title: string, run: Run): void => ava.serial(named(title), run),
    before: (run: Run): void => ava.serial.before(run),
    after: { always: (run: Run): void => ava.after.always(run) },
  });
}

function clusterTest(): ProfileTest {
  const named = (title: string): string => `${title} (cluster)`;
  if (!clusterInstalled) {
    const skip = (title: string, run: Run): void => ava.skip(named(title), run);
    const nothing = (): void => undefined;
    return Object.assign(skip, { serial: skip, before: nothing, after: { always: nothing } });
  }
  return profileTest(named);
}
