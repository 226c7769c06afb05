// The Moleculer service of `app/analytics.ts`.

import type { ServiceSchema } from 'moleculer';
import { AnalyticsUseCases, type AnalyticsUseCasesOptions } from '../app/analytics.ts';
import { defineService } from './moleculer/define-service.ts';

export function analyticsService(options: AnalyticsUseCasesOptions): ServiceSchema {
  const analytics = new AnalyticsUseCases(options);
  return defineService('analytics', {
    ofDrop: (params) => analytics.ofDrop(params),
    ofCreator: (params) => analytics.ofCreator(params),
    ofAll: (params) => analytics.ofAll(params),
  });
}
