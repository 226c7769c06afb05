// What sends in the scenario `push`, in a process: the sending side of a node as a server has it,
// or only what each message costs in cryptography. Each input line is a `PushJob`, each output line
// but the first a `PushJobResult`, as JSON. Usage: push-sender.ts DIRECTORY

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../composition/config.ts';
import { browserKeys, encryptedPush } from '../../events/push/message-encryption.ts';
import { newVapidKey } from '../../events/push/vapid.ts';
import { PUSH_MESSAGE, PushLoad } from '../load/push-load.ts';

export interface PushJob {
  /** `encrypt`: messages are made and go nowhere. `web-push`: made by that library, as well. */
  readonly what: 'send' | 'encrypt' | 'web-push';
  /** Of services. */
  readonly origins: readonly string[];
  readonly seconds: number;
}

export interface PushJobResult {
  readonly messages: number;
  readonly failed: number;
  readonly seconds: number;
  /** At the most during the job, beyond what the process had before its first one, in bytes. */
  readonly memory: number;
}

const MEMORY_INTERVAL_MS = 50;
/** Messages that are made without a break. */
const MADE_AT_ONCE = 100;

const [directory = ''] = process.argv.slice(2);
const load = new PushLoad(
  loadConfig({
    LIVEDROPS_DATA: directory,
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
    LIVEDROPS_LOG: 'warn',
  }),
);
/** The library has no types of its own. */
const webPush = createRequire(import.meta.url)('web-push') as {
  generateRequestDetails(subscription: object, payload: string, options: object): unknown;
};
const vapid = newVapidKey(0);
const payload = Buffer.from(PUSH_MESSAGE.payload);
const memoryBefore = process.memoryUsage.rss();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void run(JSON.parse(line) as PushJob));
lines.on('close', () => process.exit());
process.on('SIGTERM', () => void load.stop().then(() => process.exit()));
process.stdout.write('ready\n');

async function run({ what, origins, seconds }: PushJob): Promise<void> {
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, process.memoryUsage.rss() - memoryBefore);
  }, MEMORY_INTERVAL_MS);
  const startedAt = performance.now();
  let messages: number;
  if (what === 'send') {
    load.begin(origins);
    await delay(seconds * 1_000);
    await load.end();
    messages = load.messages;
  } else {
    messages = await make(what === 'encrypt' ? encrypt : oracle, seconds);
  }
  clearInterval(watch);
  const took = (performance.now() - startedAt) / 1_000;
  const failed = what === 'send' ? load.failed : 0;
  const result: PushJobResult = { messages, failed, seconds: took, memory };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

async function make(one: (number: number) => void, seconds: number): Promise<number> {
  const until = performance.now() + seconds * 1_000;
  let made = 0;
  while (performance.now() < until) {
    for (let i = 0; i < MADE_AT_ONCE; i++) one(made++);
    await new Promise(setImmediate);
  }
  return made;
}

function encrypt(number: number): void {
  const { p256dh, auth } = load.browsers[number % load.browsers.length]!;
  encryptedPush(payload, browserKeys(p256dh, auth)!);
}

/** Encrypts and signs, as the library does for each message. */
function oracle(number: number): void {
  const keys = load.browsers[number % load.browsers.length]!;
  webPush.generateRequestDetails(
    { endpoint: 'https://push.example.net/push/1', keys },
    PUSH_MESSAGE.payload,
    {
      TTL: PUSH_MESSAGE.ttlSeconds,
      vapidDetails: { subject: 'mailto:shop@example.com', ...vapid },
    },
  );
}
