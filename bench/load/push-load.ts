// The load of the scenario `push`: the sending side of a node, kept busy with the news of a drop
// for a thousand browsers in turn.

import { createECDH, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { systemClock } from '../../actors/clock.ts';
import type { Config } from '../../composition/config.ts';
import { createPush, type NodePush } from '../../composition/push.ts';
import { MemoryVapidKeys } from '../../storage/memory/vapid-keys-memory.ts';

export interface PushBrowserKeys {
  readonly p256dh: string;
  readonly auth: string;
}

const BROWSERS = 1_000;
/** Messages under way at each service, as a fan-out has them. */
const UNDER_WAY_PER_SERVICE = 128;

export const PUSH_MESSAGE = {
  payload: JSON.stringify({
    type: 'drop-started',
    at: 1_800_000_000_000,
    dropId: 'd_0123456789abcdef',
    creatorId: 'u_0123456789abcdef',
    name: 'A blue vase, thrown and glazed by hand',
    url: 'https://shop.example/drops/d_0123456789abcdef',
  }),
  ttlSeconds: 600,
  topic: 'drop-d_0123456789abcdef',
  urgency: 'high',
} as const;

export class PushLoad {
  readonly browsers: readonly PushBrowserKeys[] = Array.from({ length: BROWSERS }, () => {
    const keys = createECDH('prime256v1');
    keys.generateKeys();
    return { p256dh: keys.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') };
  });
  readonly #push: NodePush;
  #sending: Promise<unknown> | null = null;
  #goesOn = false;
  /** Since `begin`. */
  messages = 0;
  failed = 0;

  /** `meter`: of the sale in this process. */
  constructor(config: Config, meter = new SaleMeter()) {
    this.#push = createPush({
      config,
      stores: { vapidKeys: new MemoryVapidKeys() },
      meter,
      clock: systemClock,
      log: pino({ level: 'warn' }, process.stderr),
    });
  }

  /** Sends to these services until `end`. */
  begin(origins: readonly string[]): void {
    this.messages = 0;
    this.failed = 0;
    this.#goesOn = true;
    this.#sending = Promise.all(
      origins.flatMap((origin) =>
        Array.from({ length: UNDER_WAY_PER_SERVICE }, () => this.#send(origin)),
      ),
    );
  }

  async end(): Promise<void> {
    this.#goesOn = false;
    await this.#sending;
  }

  async stop(): Promise<void> {
    await this.end();
    await this.#push.stop();
  }

  async #send(origin: string): Promise<void> {
    const { keyId } = await this.#push.keys.present();
    while (this.#goesOn) {
      const number = this.messages++;
      const endpoint = `${origin}/push/${number}`;
      const target = { endpoint, ...this.browsers[number % BROWSERS]!, keyId };
      const { outcome } = await this.#push.sender.send(target, PUSH_MESSAGE);
      if (outcome !== 'sent') this.failed += 1;
    }
  }
}
