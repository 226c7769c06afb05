// What sends in the scenario `push`, in a process: the sending side of a node as a server has it,
// or only what each message costs in cryptography. Each input line is a `PushJob`, each output line
// a `PushJobResult`, as JSON. Usage: push-sender.ts DIRECTORY

import { createECDH, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { loadConfig } from '../../composition/config.ts';
import { createPush } from '../../composition/push.ts';
import { browserKeys, encryptedPush } from '../../events/push/message-encryption.ts';
import type { PushTarget } from '../../events/push/push-sender.ts';
import { newVapidKey } from '../../events/push/vapid.ts';
import { MemoryVapidKeys } from '../../storage/memory/vapid-keys-memory.ts';

export interface PushJob {
  /** `encrypt`: messages are made and go nowhere. `web-push`: made by that library, as well. */
  readonly what: 'send' | 'encrypt' | 'web-push';
  /** Origins of services. */
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

const BROWSERS = 1_000;
/** Messages under way at each service, as a fan-out has them. */
const UNDER_WAY_PER_SERVICE = 128;
const PAYLOAD = JSON.stringify({
  type: 'drop-started',
  at: 1_800_000_000_000,
  dropId: 'd_0123456789abcdef',
  creatorId: 'u_0123456789abcdef',
  name: 'A blue vase, thrown and glazed by hand',
  url: 'https://shop.example/drops/d_0123456789abcdef',
});
const MESSAGE = {
  payload: PAYLOAD,
  ttlSeconds: 600,
  topic: 'drop-d_0123456789abcdef',
  urgency: 'high',
} as const;
const MEMORY_INTERVAL_MS = 50;

/** The library has no types of its own. */
const webPush = createRequire(import.meta.url)('web-push') as {
  generateRequestDetails(subscription: object, payload: string, options: object): unknown;
};
const [directory = ''] = process.argv.slice(2);
const push = createPush({
  config: loadConfig({
    LIVEDROPS_DATA: directory,
    LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
    LIVEDROPS_LOG: 'warn',
  }),
  stores: { vapidKeys: new MemoryVapidKeys() },
  clock: systemClock,
  log: pino({ level: 'warn' }, process.stderr),
});
const { keyId } = await push.keys.present();
const vapid = newVapidKey(0);
const browsers = Array.from({ length: BROWSERS }, () => {
  const keys = createECDH('prime256v1');
  keys.generateKeys();
  return { p256dh: keys.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
});

const memoryBefore = process.memoryUsage.rss();
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => void run(JSON.parse(line) as PushJob));
lines.on('close', () => process.exit());
process.on('SIGTERM', () => void push.stop().then(() => process.exit()));
process.stdout.write('ready\n');

async function run({ what, origins, seconds }: PushJob): Promise<void> {
  const done = { messages: 0, failed: 0, memory: 0 };
  const watch = setInterval(() => {
    done.memory = Math.max(done.memory, process.memoryUsage.rss() - memoryBefore);
  }, MEMORY_INTERVAL_MS);
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const goesOn = () => performance.now() < until;
  const send = async (origin: string) => {
    while (goesOn()) {
      const number = done.messages++;
      const target: PushTarget = {
        endpoint: `${origin}/push/${number}`,
        ...browsers[number % BROWSERS]!,
        keyId,
      };
      const { outcome } = await push.sender.send(target, MESSAGE);
      if (outcome !== 'sent') done.failed += 1;
    }
  };
  const make = async () => {
    const payload = Buffer.from(PAYLOAD);
    while (goesOn()) {
      for (let i = 0; i < 100; i++) {
        const { p256dh, auth } = browsers[done.messages++ % BROWSERS]!;
        if (what === 'encrypt') encryptedPush(payload, browserKeys(p256dh, auth)!);
        else oracle(p256dh, auth);
      }
      await new Promise(setImmediate);
    }
  };
  const work =
    what === 'send'
      ? origins.flatMap((origin) =>
          Array.from({ length: UNDER_WAY_PER_SERVICE }, () => send(origin)),
        )
      : [make()];
  await Promise.all(work);
  clearInterval(watch);
  const took = (performance.now() - startedAt) / 1_000;
  process.stdout.write(`${JSON.stringify({ ...done, seconds: took } satisfies PushJobResult)}\n`);
}

/** Encrypts and signs, as the library does for each message. */
function oracle(p256dh: string, auth: string): void {
  webPush.generateRequestDetails(
    { endpoint: 'https://push.example.net/push/1', keys: { p256dh, auth } },
    PAYLOAD,
    {
      TTL: MESSAGE.ttlSeconds,
      vapidDetails: { subject: 'mailto:shop@example.com', ...vapid },
    },
  );
}
