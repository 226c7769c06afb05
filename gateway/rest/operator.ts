// What operators may ask (X2, X3): only with the role.

import { refusal } from '../../domain/refusal.ts';
import { jsonReply, type Route, userRoute } from '../route.ts';
import { VerifyReport } from '../schemas.ts';

export function operatorRoutes(): Route[] {
  return [
    userRoute(
      {
        method: 'POST',
        path: '/v1/operator/verify',
        summary: 'Replay all journals and compare them with live state and read models.',
        tag: 'operator',
        access: 'user',
        rateClass: 'writes',
        status: 200,
        response: VerifyReport,
        refusals: ['forbidden', 'unavailable'],
      },
      async ({ call, user }) => {
        if (!user.roles.includes('operator')) return refusal('forbidden');
        const report = await call('operator.verify', {});
        return report.ok ? jsonReply(200, report.value) : report;
      },
    ),
  ];
}
