// Runs a suite on each profile, each with its own server: on one node, on one node whose clients
// are served by three threads, and on a cluster of two. On the cluster the calls go to two gateways
// in turn, and with threads each call has a connection of its own, and so the next thread: a call
// reads through another gateway what the previous call wrote. Titles end with the profile's name
// but on one node. A server takes more CPU time to start than most suites to run: `npm test` runs
// the main journeys on one node, and `npm run test:long` those on the other two and all other
// suites on each.

import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import ava, { type ExecutionContext } from 'ava';
import { clusterInstalled, type Profile } from './sale-nodes.ts';

const PROFILES = ['embedded', 'threads', 'cluster'] as const satisfies readonly Profile[];
/** Of `npm test` on the cluster too: a sale through several gateways is never left out. */
const QUICK_ON_CLUSTER = 'orders.test.ts';

type Run = (t: ExecutionContext) => Promise<void> | void;

/** The part of AVA that these suites use. */
export interface ProfileTest {
  (title: string, run: Run): void;
  readonly serial: (title: string, run: Run) => void;
  readonly before: (run: Run) => void;
  readonly after: { readonly always: (run: Run) => void };
}

type Declare = (test: ProfileTest, profile: Profile) => void;

/** A suite that is long, as `scripts/test.mjs` sees by the import of this file. */
export function onEachProfile(declare: Declare): void {
  for (const profile of profilesOfThisRun()) declare(testOf(profile), profile);
}

/** A suite that `npm test` runs too, on one node; `scripts/test.mjs` knows it by this name. */
export function journeyOnEachProfile(declare: Declare): void {
  for (const profile of profilesOfThisRun(true)) declare(testOf(profile), profile);
}

function testOf(profile: Profile): ProfileTest {
  if (profile === 'embedded') return profileTest((title) => title);
  return profile === 'cluster' ? clusterTest() : profileTest((title) => `${title} (${profile})`);
}

/**
 * Of the test file that asks. `TEST_RUN` is what `scripts/test.mjs` is called for, or the name of
 * one profile; a file that is run by itself has all profiles, and so have long suites.
 */
export function profilesOfThisRun(isJourney = false): readonly Profile[] {
  const run = process.env['TEST_RUN'];
  const one = PROFILES.find((profile) => profile === run);
  if (one !== undefined) return [one];
  if (!isJourney || run === undefined) return PROFILES;
  const isOnCluster = basename(fileURLToPath(ava.meta.file)) === QUICK_ON_CLUSTER;
  const isQuick = (profile: Profile): boolean =>
    profile === 'embedded' || (profile === 'cluster' && isOnCluster);
  return PROFILES.filter((profile) => isQuick(profile) === (run === 'quick'));
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
