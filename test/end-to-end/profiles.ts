// Runs a suite on both profiles, each with its own server. On the cluster the calls go to two
// gateways in turn, so that a call reads through the other node what the previous call wrote.
// Titles end with the profile's name there.

import ava, { type ExecutionContext } from 'ava';
import { clusterInstalled, type Profile } from './sale-nodes.ts';

type Run = (t: ExecutionContext) => Promise<void> | void;

/** The part of AVA that these suites use. */
export interface ProfileTest {
  (title: string, run: Run): void;
  readonly serial: (title: string, run: Run) => void;
  readonly before: (run: Run) => void;
  readonly after: { readonly always: (run: Run) => void };
}

export function onEachProfile(declare: (test: ProfileTest, profile: Profile) => void): void {
  declare(
    profileTest((title) => title),
    'embedded',
  );
  declare(clusterTest(), 'cluster');
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
