// The sending side of Web Push on a node with the services: its keys, and the thread that sends.

import type { Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import type { Tracing } from '../actors/tracing/tracing.ts';
import type { SaleMeter } from '../actors/sale-meter.ts';
import { OutboundError } from '../events/outbound/outbound-error.ts';
import { KeyedPushSender } from '../events/push/keyed-push-sender.ts';
import { PushCounts } from '../events/push/push-counts.ts';
import type { PushSender } from '../events/push/push-sender.ts';
import { VapidKeys } from '../events/push/vapid-keys.ts';
import type { PushSample } from '../gateway/metrics/push-metrics.ts';
import type { Stores } from '../storage/ports/stores.ts';
import type { Config } from './config.ts';
import { createOutbound } from './outbound.ts';
import { PushThread } from './push-thread.ts';

export interface NodePush {
  readonly keys: VapidKeys;
  readonly sender: PushSender;
  readonly sample: PushSample;
  /** Null where the address may be one of a push service; else why not, for the client. */
  endpointProblem(endpoint: string): Promise<string | null>;
  stop(): Promise<void>;
}

export function createPush(options: {
  readonly config: Config;
  readonly stores: Pick<Stores, 'vapidKeys'>;
  /** Of the sale in this process, to which pushes give way. */
  readonly meter: SaleMeter;
  /** Null, or absent: pushes have no spans. */
  readonly tracing?: Tracing | null;
  readonly clock: Clock;
  readonly log: Logger;
}): NodePush {
  const { config, stores, tracing = null, clock } = options;
  const { vapidKeys } = stores;
  const now = () => clock.now();
  const keys = new VapidKeys({ vapidKeys, now, monotonic: () => clock.monotonic() });
  const thread = new PushThread(options);
  const counts = new PushCounts();
  const outbound = createOutbound(config);
  return {
    keys,
    sender: new KeyedPushSender({
      keys,
      counts,
      tracing,
      send: (...send) => thread.send(...send),
    }),
    sample: {
      messages: () => counts.samples(),
      underWay: () => counts.underWay,
      services: () => thread.report,
    },
    async endpointProblem(endpoint) {
      try {
        await outbound.connector.check(endpoint);
        return null;
      } catch (error) {
        if (!(error instanceof OutboundError)) throw error;
        // Whoever asks learns nothing of names and addresses inside the network.
        return error.failure === 'refused-url' ? error.message : 'It cannot be reached.';
      }
    },
    async stop() {
      await Promise.all([thread.stop(), outbound.close()]);
    },
  };
}

/** Where push services reach whoever runs this server (RFC 8292, 2.1). */
export function pushContact({ publicUrl, mail }: Pick<Config, 'publicUrl' | 'mail'>): string {
  if (publicUrl?.startsWith('https:') === true) return publicUrl;
  const [, address = mail.from] = /<([^>]+)>$/.exec(mail.from) ?? [];
  return `mailto:${address}`;
}
