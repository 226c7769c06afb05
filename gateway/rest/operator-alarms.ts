// The operators' route to what is wrong now.

import { AlarmReport, AlarmReportBody } from '../../contracts/alarms.ts';
import { presenter } from '../../contracts/wire.ts';
import { jsonReply, type Route, userRoute } from '../http/route.ts';
import { operatorRoute } from './operator-route.ts';

const alarmReportBody = presenter(AlarmReport);

export function operatorAlarmRoutes(): Route[] {
  return [
    userRoute(
      {
        ...operatorRoute('GET', 'alarms'),
        summary: 'What is wrong now, by what all nodes measured: at most a second old.',
        response: AlarmReportBody,
      },
      async ({ call, caller }) => {
        const report = await call('operator.reportAlarms', { caller });
        return report.ok ? jsonReply(200, alarmReportBody(report.value)) : report;
      },
    ),
  ];
}
