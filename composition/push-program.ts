// The program of the thread that sends pushes (composition/push-thread.ts).

import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../actors/clock.ts';
import { PushServices } from '../events/push/push-services.ts';
import { VapidTokens } from '../events/push/vapid.ts';
import { WebPush } from '../events/push/web-push.ts';
import { createLog } from './log.ts';
import { beginThread } from './off-loop-parts.ts';
import { createOutbound } from './outbound.ts';
import type {
  FromPushThread,
  PushOrder,
  PushThreadData,
  PushThreadReport,
  ToPushThread,
} from './push-thread.ts';
import { pushContact } from './push.ts';
import { pushingShare } from './upkeep.ts';

const REPORT_INTERVAL_MS = 1_000;
/** To a service without HTTP/2, where each carries one message at a time. */
const HTTP1_CONNECTIONS = 16;

/** Messages that are encrypted before others have their turn. */
const STEP_MESSAGES = 8;
/** Results wait so long for others: a list of them wakes the other side once. */
const RESULTS_WAIT_MS = 5;

const { config, saleMeter, port } = workerData as PushThreadData;
beginThread(createLog(config));
const outbound = createOutbound(config, { connectionsPerOrigin: HTTP1_CONNECTIONS });
const services = new PushServices({ outbound, clock: systemClock });
const tokens = new VapidTokens({ contact: pushContact(config), now: Date.now });
const webPush = new WebPush({ services, tokens });
const share = pushingShare(saleMeter);
const underWay = new Map<number, AbortController>();
const inbox: PushOrder[] = [];
let outbox: FromPushThread[] = [];
let isWorking = false;
port.on('message', (messages: readonly ToPushThread[]) => {
  for (const message of messages) {
    if ('aborted' in message) underWay.get(message.aborted)?.abort();
    else enqueue(message);
  }
  if (!isWorking) void work();
});
const reports = setInterval(report, REPORT_INTERVAL_MS);
parentPort!.once('message', () => void stop());

function enqueue(order: PushOrder): void {
  underWay.set(order.id, new AbortController());
  inbox.push(order);
}

/** Begins what waits, in a bounded share of the cores while this process sells. */
async function work(): Promise<void> {
  isWorking = true;
  await share.inSlices(async (pause) => {
    while (inbox.length > 0) {
      for (const order of inbox.splice(0, STEP_MESSAGES)) void send(order);
      await pause();
    }
  });
  isWorking = false;
}

async function send({ id, target, message, key }: PushOrder): Promise<void> {
  const result = await webPush.send(target, message, key, underWay.get(id)!.signal);
  underWay.delete(id);
  outbox.push({ id, result });
  if (outbox.length === 1) setTimeout(tell, RESULTS_WAIT_MS);
}

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
  inbox.length = 0;
  clearInterval(reports);
  await services.close();
  await outbound.close();
  port.close();
}
