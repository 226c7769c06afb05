// What operators ask of a running node.

import type { ServiceSchema } from 'moleculer';
import type { VerifyReport } from '../actors/verification.ts';
import { success } from '../domain/refusal.ts';
import { defineService } from './define-service.ts';

export interface OperatorServiceOptions {
  readonly verify: () => Promise<VerifyReport>;
}

export function operatorService({ verify }: OperatorServiceOptions): ServiceSchema {
  // One at a time: whoever asks meanwhile gets the same report.
  let underWay: Promise<VerifyReport> | null = null;
  return defineService('operator', {
    async verify() {
      underWay ??= verify().finally(() => {
        underWay = null;
      });
      return success(await underWay);
    },
  });
}
