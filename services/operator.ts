// What operators ask of a running node.

import type { ActionSchema, ServiceSchema } from 'moleculer';
import type { VerifyReport } from '../actors/verification.ts';
import { success } from '../domain/refusal.ts';

/** Replaying large journals takes longer than other calls may. */
const VERIFY_TIMEOUT_MS = 600_000;

export interface OperatorServiceOptions {
  readonly verify: () => Promise<VerifyReport>;
}

export function operatorService({ verify }: OperatorServiceOptions): ServiceSchema {
  // One at a time: whoever asks meanwhile gets the same report.
  let underWay: Promise<VerifyReport> | null = null;
  // Moleculer knows an action's own timeout; its types do not.
  const verifyAction: ActionSchema & { timeout: number } = {
    timeout: VERIFY_TIMEOUT_MS,
    async handler() {
      underWay ??= verify().finally(() => {
        underWay = null;
      });
      return success(await underWay);
    },
  };
  return { name: 'operator', actions: { verify: verifyAction } };
}
