// Limits from a file that changes while the server runs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Limits } from '../../contracts/limits.ts';
import { WebSocket } from 'ws';
import { onEachProfile } from './profiles.ts';
import { eventually } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

onEachProfile((test, profile) => {
  let server: SaleServer;
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-limits-'));
  const file = join(directory, 'limits.json');
  const store = (limits: Limits): void => writeFileSync(file, JSON.stringify(limits));

  test.before(async () => {
    store({ rates: { reads: { user: 4 } } });
    server = await SaleServer.start(profile, {
      LIVEDROPS_RATE_LIMITS: 'on',
      LIVEDROPS_LIMITS_FILE: file,
    });
  });
  test.after.always(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Through each of at most two gateways: how many of ten reads by a new user pass. */
  const passed = async (): Promise<number[]> => {
    const token = server.token(server.fresh('reader'));
    const counts = [0, 0];
    for (let i = 0; i < 20; i++)
      if ((await server.call('GET', '/v1/notifications', { token })).status === 200)
        counts[i % 2]! += 1;
    return counts;
  };
  const perUser = async (): Promise<number> => {
    const [one = 0, other = 0] = await passed();
    return profile === 'cluster' ? Math.max(one, other) : one + other;
  };

  test.serial('H5a: limits change on every gateway without a restart, and back', async (t) => {
    t.true((await perUser()) < 4);
    store({ rates: { reads: { user: 1_000 } } });
    t.deepEqual(await eventually(passed, ([a, b]) => a === 10 && b === 10), [10, 10]);
    store({ rates: { reads: { user: 4 } } });
    t.true((await eventually(perUser, (count) => count < 4)) < 4);
  });

  test.serial('N8, G3: streams count by user, also of who signs in over GraphQL', async (t) => {
    store({ streams: { user: 2 } });
    const url = server.urls[0]!.replace('http', 'ws');
    const sockets: WebSocket[] = [];
    t.teardown(() => sockets.forEach((socket) => socket.terminate()));
    /** Of GraphQL: 0 where it is signed in, or the code with which it is closed. */
    const signIn = async (token: string): Promise<number> => {
      const socket = new WebSocket(`${url}/v1/graphql`, 'graphql-transport-ws');
      sockets.push(socket);
      socket.on('open', () => {
        const payload = { authorization: `Bearer ${token}` };
        socket.send(JSON.stringify({ type: 'connection_init', payload }));
      });
      return await new Promise((resolve, reject) => {
        socket.on('message', () => resolve(0));
        socket.on('close', resolve);
        socket.on('error', reject);
      });
    };
    // Until the file has been read; the streams before stay open.
    let token = '';
    const third = async (): Promise<number[]> => {
      token = server.token(server.fresh('viewer'));
      const codes = [];
      for (let i = 0; i < 3; i++) codes.push(await signIn(token));
      return codes;
    };
    t.deepEqual(await eventually(third, (codes) => codes[2] !== 0), [0, 0, 1_013]);
    t.is(await signIn(server.token(server.fresh('viewer'))), 0);
    const notifications = new WebSocket(`${url}/v1/notifications?access_token=${token}`);
    sockets.push(notifications);
    const status = await new Promise((resolve) => {
      notifications.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode));
      notifications.on('error', () => undefined);
      notifications.on('open', () => resolve(101));
    });
    t.is(status, 429, 'streams of all kinds count together');
    sockets.at(-5)!.close();
    t.is(
      await eventually(
        () => signIn(token),
        (code) => code === 0,
      ),
      0,
    );
  });
});
