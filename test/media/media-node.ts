// A whole server with its media process, and a creator who uploads.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '../../composition/config.ts';
import { startServer, type Server } from '../../composition/server.ts';
import type { Media } from '../../sdk/api.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { settledMedia } from '../../sdk/uploads.ts';
import { freePort } from '../servers/child-server.ts';

const WAIT_MAX_MS = 120_000;

export interface MediaNode {
  readonly url: string;
  readonly media: string;
  readonly token: string;
  readonly mediaPid: () => number;
  /** What is known of it, when it is neither `uploading` nor `processing`. */
  settled(mediaId: string): Promise<Media>;
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
      LIVEDROPS_THREADS: '1',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'silent',
      LIVEDROPS_ROLES: 'gateway,actors,services,media',
      ...environment,
    }),
  );
  const stop = async () => {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  };
  const media = `http://127.0.0.1:${mediaPort}`;
  const account = { email: 'ann@example.com', password: 'correct horse battery', name: 'Ann' };
  const client = new LiveDrops({ url: server.url });
  let token: string;
  try {
    // The server does not wait for its media process.
    await eventually('the media process listens', async () => {
      const reply = await fetch(`${media}/v1/uploads`, { method: 'OPTIONS' }).catch(() => null);
      return reply?.ok === true ? reply : null;
    });
    ({ accessToken: token } = await client.register(account));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: server.url,
    media,
    token,
    mediaPid: () => server.mediaPid()!,
    settled: (mediaId) =>
      settledMedia(client, mediaId, { signal: AbortSignal.timeout(WAIT_MAX_MS) }),
    stop,
  };
}

/** What `look` finds, once it is not null. Rejects after two minutes. */
async function eventually<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + WAIT_MAX_MS;
  while (performance.now() < end) {
    const found = await look();
    if (found !== null) return found;
    await pause(50);
  }
  throw new Error(`not within ${WAIT_MAX_MS} ms: ${what}`);
}
