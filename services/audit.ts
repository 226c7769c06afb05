// The Moleculer service of `app/audit/audit.ts`.

import type { ServiceSchema } from 'moleculer';
import { Audit, type AuditOptions } from '../app/audit/audit.ts';
import { defineService } from './moleculer/define-service.ts';

export function auditService(options: AuditOptions): ServiceSchema {
  const audit = new Audit(options);
  return defineService('audit', {
    list: (params) => audit.list(params),
    ofCreator: (params) => audit.ofCreator(params),
  });
}
