// A whole server with its media process, and a creator who uploads.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../composition/config.ts';
import { startServer, type Server } from '../../composition/server.ts';
import { freePort } from '../servers/child-server.ts';

export interface MediaNode {
  readonly url: string;
  readonly media: string;
  readonly token: string;
  readonly mediaPid: () => number;
  /** What is known of it, when it is neither `uploading` nor `processing`. */
  settled(mediaId: string): Promise<Record<string, unknown>>;
  stop(): Promise<void>;
}

export async function startMediaNode(environment: Record<string, string> = {}): Promise<MediaNode> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-media-'));
  const mediaPort = await freePort();
  const server: Server = await startServer(
    loadConfig({
      LIVEDROPS_DATA: directory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_MEDIA_PORT: String(mediaPort),
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'silent',
      LIVEDROPS_ROLES: 'gateway,actors,services,media',
      ...environment,
    }),
  );
  // The server does not wait for its media process.
  const media = `http://127.0.0.1:${mediaPort}`;
  while (!(await fetch(`${media}/v1/uploads`, { method: 'OPTIONS' }).then(isOk, () => false)))
    await pause(50);
  const account = { email: 'ann@example.com', password: 'correct horse battery', name: 'Ann' };
  const made = await fetch(`${server.url}/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(account),
  });
  const { accessToken: token } = (await made.json()) as { accessToken: string };
  return {
    url: server.url,
    media,
    token,
    mediaPid: () => server.mediaPid()!,
    async settled(mediaId) {
      for (;;) {
        const reply = await fetch(`${server.url}/v1/media/${mediaId}`);
        const found = (await reply.json()) as Record<string, unknown>;
        if (found['status'] === 'ready' || found['status'] === 'refused') return found;
        await pause(50);
      }
    },
    async stop() {
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function isOk({ ok }: Response): boolean {
  return ok;
}
