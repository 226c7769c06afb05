// Runs a suite on each profile, each with its own server: on one node, on one node whose clients
// are served by three threads, and on a cluster of two. On the cluster the calls go to two gateways
// in turn, and with threads each call has a connection of its own, and so the next thread: a call
// reads through another gateway what the previous call wrote. Titles end with the profile's name
// but on one node. The other two take more CPU time to start than most suites to run: `npm test`
// runs them on one node, and `npm run test:long` on the other two.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import ava, { type ExecutionContext } from 'ava';
import { clusterInstalled, type Profile } from './sale-nodes.ts';

const PROFILES = ['embedded', 'threads', 'cluster'] as const satisfies readonly Profile[];
/** On each profile in every run: a sale through several gateways is never left out. */
const ALWAYS_ON_EACH = 'orders.test.ts';

type Run = (t: ExecutionContext) => Promise<void> | void;

/** The part of AVA that these suites use. */
export interface ProfileTest {
  (title: string, run: Run): void;
  readonly serial: (title: string, run: Run) => void;
  readonly before: (run: Run) => void;
  readonly after: { readonly always: (run: Run) => void };
}

export function onEachProfile(declare: (test: ProfileTest, profile: Profile) => void): void {
  for (const profile of profilesOfThisRun()) declare(testOf(profile), profile);
}

function testOf(profile: Profile): ProfileTest {
  if (profile === 'embedded') return profileTest((title) => title);
  return profile === 'cluster' ? clusterTest() : profileTest((title) => `${title} (${profile})`);
}

/**
 * Of the test file that asks. `TEST_RUN` is what `scripts/test.mjs` is called for, or the name of
 * one profile; a file that is run by itself has all profiles, and so have long tests.
 */
export function profilesOfThisRun(): readonly Profile[] {
  const file = basename(fileURLToPath(ava.meta.file));
  const run = process.env['TEST_RUN'];
  const one = PROFILES.find((profile) => profile === run);
  if (one !== undefined) return [one];
  if (file === ALWAYS_ON_EACH || file.endsWith('.long.test.ts')) return PROFILES;
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
