// The program of the thread that sends pushes (composition/push-thread.ts).

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { PushServices } from '../events/push/push-services.ts';
import { VapidTokens } from '../events/push/vapid.ts';
import { WebPush } from '../events/push/web-push.ts';
import { createLog } from './log.ts';
import { lowerPriority } from './off-loop-parts.ts';
import { RUNNING } from './off-loop-thread.ts';
import { createOutbound } from './outbound.ts';
import type {
  FromPushThread,
  PushThreadData,
  PushThreadReport,
  ToPushThread,
} from './push-thread.ts';
import { pushContact } from './push.ts';

const REPORT_INTERVAL_MS = 1_000;

const { config, port } = workerData as PushThreadData;
lowerPriority(createLog(config));
const outbound = createOutbound(config);
const services = new PushServices({ outbound, clock: systemClock });
const tokens = new VapidTokens({ contact: pushContact(config), now: Date.now });
const webPush = new WebPush({ services, tokens });
const underWay = new Map<number, AbortController>();
let outbox: FromPushThread[] = [];
port.on('message', (messages: readonly ToPushThread[]) => {
  for (const message of messages) void take(message);
});
const reports = setInterval(report, REPORT_INTERVAL_MS);
parentPort!.once('message', () => void stop());
parentPort!.postMessage(RUNNING);

async function take(message: ToPushThread): Promise<void> {
  if ('aborted' in message) return underWay.get(message.aborted)?.abort();
  const { id, target, message: push, key } = message;
  const controller = new AbortController();
  underWay.set(id, controller);
  const result = await webPush.send(target, push, key, controller.signal);
  underWay.delete(id);
  outbox.push({ id, result });
  if (outbox.length === 1) setImmediate(tell);
}

/** The results of one turn of the loop. */
function tell(): void {
  port.postMessage(outbox);
  outbox = [];
}

function report(): void {
  const { known, stopped } = services.counts;
  const said: PushThreadReport = { servicesKnown: known, servicesStopped: stopped };
  parentPort!.postMessage(said);
}

async function stop(): Promise<void> {
  clearInterval(reports);
  await services.close();
  await outbound.close();
  port.close();
}
