// How contract suites look at faults: by their stable code, never by class or text.

import type { ExecutionContext } from 'ava';

/** Passes when `work` fails with the code. */
export async function failsWith(
  t: ExecutionContext,
  code: string,
  work: Promise<unknown>,
): Promise<void> {
  const error = await t.throwsAsync(work);
  t.is((error as { code?: string } | undefined)?.code, code);
}
