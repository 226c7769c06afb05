// The live stream over real WebSockets: the gateway's server and its native fan-out, with fakes
// behind them.

import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { type Clock, systemClock } from '../../../actors/clock.ts';
import type { CommandRouter } from '../../../actors/command-router.ts';
import { InProcessLiveBus } from '../../../actors/live-bus.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../../storage/ports/feature-level.ts';
import { createGateway } from '../../../gateway/gateway.ts';
import { LiveHub } from '../../../gateway/live/hub.ts';
import { compareNotificationIds } from '../../../gateway/live/replay.ts';
import type { TokenIdentity, TokenRefusal } from '../../../contracts/accounts.ts';
import type { CallAction } from '../../../contracts/actions.ts';
import type { Notification } from '../../../contracts/notifications.ts';
import {
  dropView,
  type Frame,
  storedNotification,
  ManualClock,
  milestone,
  START_SECOND,
} from './live-harness.ts';

/** Tokens are `user:expiry`, in seconds since the Unix epoch. */
function verifyToken(token: string, nowMs: number): TokenIdentity | TokenRefusal {
  const [userId = '', expiry = '0'] = token.split(':');
  const expiresAt = Number(expiry);
  return expiresAt * 1000 > nowMs ? { userId, roles: [], expiresAt } : 'expired';
}

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

async function startServer(t: ExecutionContext, clock: Clock = systemClock) {
  const bus = new InProcessLiveBus();
  const drops = new Map([['drop_1', dropView(1)]]);
  const feed: Notification[] = [];
  const follows = ['creator_1'];
  const router = {
    send: async ({ dropId }: { dropId: string }) => {
      const view = drops.get(dropId);
      return view === undefined ? refusal('not-found') : success(view);
    },
  } as unknown as CommandRouter;
  const call = (async (
    action: string,
    { afterId = '0', limit }: { afterId?: string; limit: number },
  ) => {
    if (action === 'catalogue.drops') return success({ items: [], nextCursor: null, asOf: null });
    if (action === 'follows.creatorsOf') return success(follows.slice(0, limit));
    return success(
      feed.filter(({ id }) => compareNotificationIds(id, afterId) > 0).slice(0, limit),
    );
  }) as CallAction;
  const log = pino({ level: 'silent' });
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    router,
    call,
    levels: new ReachedLevel(FEATURE_LEVEL),
    bus,
    verifyToken,
    stream: null,
    exports: null,
    live: (publish, limits) =>
      new LiveHub({
        bus,
        call,
        router,
        publish,
        verifyToken,
        limits,
        clock,
        log,
        bounds: { dropListLagMs: 0 },
      }),
    rateLimits: false,
    clock,
    readiness: () => ({ ready: true, reasons: [] }),
    metrics: new Registry(),
    log,
  });
  const port = await gateway.start();
  t.teardown(() => gateway.stop());
  return { bus, drops, feed, gateway, port };
}

/** A client that stores all frames and can wait for one. */
class Client {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  #look: () => void = () => {};

  constructor(port: number, path: string, token?: string) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    this.socket.on('message', (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Frame);
      this.#look();
    });
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Resolves once some frame matches. */
  until(matches: (frame: Frame) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.frames.some(matches)) resolve();
      };
      this.#look();
    });
  }

  async closeCode(): Promise<number> {
    const [code] = (await once(this.socket, 'close')) as [number];
    return code;
  }
}

test('N4, N6, N7: a user follows a sale on a real socket and resumes on another', async (t) => {
  const { bus, drops, feed, port } = await startServer(t);
  const first = new Client(port, '/v1/notifications', `ann:${nowSeconds() + 60}`);
  await first.until(({ type }) => type === 'ready');
  first.say({ type: 'subscribe', topic: 'drop:drop_1' });
  await first.until(({ type }) => type === 'drop.snapshot');
  const visitor = new Client(port, '/v1/drops/drop_1/live');
  await visitor.until(({ type }) => type === 'drop.snapshot');

  // Hundreds of changes in one turn; a visitor connects between them.
  for (let version = 2; version < 200; version++) {
    drops.set('drop_1', dropView(version, { stocked: 1_000 }));
    bus.publish('drop.drop_1', { type: 'drop', view: drops.get('drop_1')!, milestones: [] });
  }
  const late = new Client(port, '/v1/drops/drop_1/live');
  const soldOut = milestone('sold_out', dropView(201, { stocked: 201 }));
  bus.publish('creator.creator_1', { type: 'milestone', milestone: soldOut });
  drops.set('drop_1', dropView(202, { stocked: 202 }));
  bus.publish('drop.drop_1', { type: 'drop', view: drops.get('drop_1')!, milestones: [soldOut] });
  const notification = storedNotification('ann', '1');
  feed.push(notification);
  bus.publish('user.ann', { type: 'notification', notification });

  await first.until(({ type }) => type === 'notification');
  for (const client of [first, visitor, late]) {
    await client.until(({ topic, version }) => topic === 'drop:drop_1' && version === 202);
    const versions = client.frames
      .filter(({ topic, type }) => topic === 'drop:drop_1' && type !== 'subscribed')
      .map(({ version }) => version!);
    t.deepEqual(
      versions,
      [...new Set(versions)].toSorted((a, b) => a - b),
    );
    t.true(versions.length <= 6);
  }
  t.like(first.frames.find(({ topic }) => topic === 'creator:creator_1')!, {
    type: 'drop.sold_out',
    version: 201,
  });

  first.socket.terminate();
  feed.push(storedNotification('ann', '2'), storedNotification('ann', '3'));
  const second = new Client(port, `/v1/notifications?access_token=ann:${nowSeconds() + 60}`);
  await once(second.socket, 'open');
  second.say({ type: 'resume', after: '1' });
  await second.until(({ type }) => type === 'resumed');
  t.deepEqual(
    second.frames.filter(({ type }) => type !== 'ready').map(({ type, id }) => id ?? type),
    ['2', '3', 'resumed'],
  );
});

test('N8: a client that stops reading costs others no frame and gets fresh state', async (t) => {
  const { bus, drops, port } = await startServer(t);
  const slow = new Client(port, '/v1/drops/drop_1/live');
  const fast = new Client(port, '/v1/drops/drop_1/live');
  await slow.until(({ type }) => type === 'drop.snapshot');
  await fast.until(({ type }) => type === 'drop.snapshot');
  slow.socket.pause();
  // Milestones are sent one by one, and have more bytes than all buffers on the way.
  const productId = 'p'.repeat(10_000);
  const last = 1_501;
  for (let version = 2; version <= last; ) {
    const batch = [];
    for (let i = 0; i < 50; i++, version++) {
      batch.push(milestone('restocked', dropView(version, { stocked: last * 2, productId })));
    }
    drops.set('drop_1', batch.at(-1)!.view);
    bus.publish('drop.drop_1', { type: 'drop', view: batch.at(-1)!.view, milestones: batch });
    // The fast client reads on.
    await fast.until((frame) => frame.version === version - 1);
    fast.frames.splice(0);
  }
  slow.socket.resume();
  await slow.until(({ version }) => version === last);
  const versions = slow.frames.flatMap(({ version }) => version ?? []);
  t.true(versions.length < last);
  t.true(versions.every((version, i) => i === 0 || version >= versions[i - 1]!));
  t.is(slow.frames.at(-1)!.type, 'drop.snapshot');
});

test('N9, N8: close codes of bad tokens, binary frames, unknown drops and a stop', async (t) => {
  const clock = new ManualClock();
  const { gateway, port } = await startServer(t, clock);
  const expiring = new Client(port, '/v1/notifications', `ann:${START_SECOND + 10}`);
  await expiring.until(({ type }) => type === 'ready');
  const staying = new Client(port, '/v1/notifications', `ann:${START_SECOND + 60}`);
  await staying.until(({ type }) => type === 'ready');
  clock.advance(10_000);
  t.is(await expiring.closeCode(), 4001);

  const rejected = new Client(port, '/v1/notifications', 'ann:1');
  const [, response] = (await once(rejected.socket, 'unexpected-response')) as [
    unknown,
    { statusCode: number },
  ];
  t.is(response.statusCode, 401);
  rejected.socket.on('error', () => {});
  rejected.socket.terminate();

  const binary = new Client(port, '/v1/notifications', `ann:${START_SECOND + 60}`);
  await once(binary.socket, 'open');
  binary.socket.send(Buffer.from([1, 2, 3]));
  t.is(await binary.closeCode(), 1003);

  const lost = new Client(port, '/v1/drops/drop_none/live');
  t.is(await lost.closeCode(), 4404);
  t.like(lost.frames[0]!, { type: 'error', code: 'not-found' });

  const ended = staying.closeCode();
  await gateway.stop();
  t.is(await ended, 1012);
});
