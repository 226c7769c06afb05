// What `livedrops doctor` finds: one line for each thing it looked at, with what to do where it is
// not right. Checks change nothing that lasts, and each has a bounded time.

import pTimeout from 'p-timeout';

/**
 * `fail`: the server will not start, or may lose or leak something. `warn`: it should be mended.
 */
export type CheckState = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly name: string;
  readonly state: CheckState;
  /** What was found, in a few words. */
  readonly text: string;
  /** What to do; null where all is well. */
  readonly remedy: string | null;
}

export interface Check {
  readonly name: string;
  /** A fault is a failure of the check. */
  readonly run: () => Promise<readonly Finding[]> | readonly Finding[];
}

const CHECK_TIMEOUT_MS = 15_000;

export function ok(name: string, text: string): Finding {
  return { name, state: 'ok', text, remedy: null };
}

export function warn(name: string, text: string, remedy: string): Finding {
  return { name, state: 'warn', text, remedy };
}

export function fail(name: string, text: string, remedy: string): Finding {
  return { name, state: 'fail', text, remedy };
}

/** In the order of the checks, which run one after the other, so that none disturbs another. */
export async function runChecks(checks: readonly Check[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { name, run } of checks) {
    try {
      const found = Promise.resolve(run());
      findings.push(...(await pTimeout(found, { milliseconds: CHECK_TIMEOUT_MS })));
    } catch (error) {
      const text = error instanceof Error ? error.message.split('\n', 1)[0]! : String(error);
      findings.push(fail(name, text, 'the check itself failed: look at what it names'));
    }
  }
  return findings;
}
