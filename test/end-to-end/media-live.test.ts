// Whoever uploads hears on the live stream what became of it, at any gateway, and nobody else does.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import type { MediaReadyFrame, MediaRefusedFrame } from '../../sdk/api.ts';
import { listen } from '../sdk/live-streams.ts';
import { LiveClient } from './live-client.ts';
import { eventually } from './sale-client.ts';
import { profilesOfThisRun } from './profiles.ts';
import { clusterInstalled } from './sale-nodes.ts';
import { SaleServer } from './sale-server.ts';

const WAIT_MAX_MS = 60_000;
/** What makes variants gives way to everything else. */
const PROCESSED_MAX_MS = 120_000;

/** Uploads with one request, and resolves to the id once it is ready or refused. */
async function upload(server: SaleServer, userId: string, file: Uint8Array): Promise<string> {
  const places = () => server.get('/v1/uploads');
  const { json } = await eventually(places, ({ status }) => status === 200, WAIT_MAX_MS);
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const begun = await fetch(String(json['url']), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${server.token(userId)}`,
      'tus-resumable': '1.0.0',
      'upload-length': String(file.length),
      'upload-metadata': `filename ${base64('lamp.png')},purpose ${base64('product')}`,
      'content-type': 'application/offset+octet-stream',
    },
    body: Uint8Array.from(file),
  });
  if (begun.status !== 201) throw new Error(`${begun.status} ${await begun.text()}`);
  const id = begun.headers.get('location')!.split('/').at(-1)!;
  await eventually(
    () => server.get(`/v1/media/${id}`, { as: userId }),
    ({ json: media }) => media['status'] === 'ready' || media['status'] === 'refused',
    PROCESSED_MAX_MS,
  );
  return id;
}

for (const profile of profilesOfThisRun()) {
  const run = profile === 'cluster' && !clusterInstalled ? test.serial.skip : test.serial;
  run(`${profile}: M1: the owner hears what became of an upload, nobody else does`, async (t) => {
    t.timeout(400_000);
    const directory = mkdtempSync(join(tmpdir(), 'livedrops-media-live-'));
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const server = await SaleServer.start(profile, {
      LIVEDROPS_ROLES: 'gateway,actors,services,media',
      LIVEDROPS_BLOBS: `file:${directory}`,
    });
    t.teardown(() => server.stop());
    const [owner, stranger] = [server.fresh('owner'), server.fresh('stranger')];
    const streamsOf = async (userId: string): Promise<LiveClient[]> => {
      const streams: LiveClient[] = [];
      // One at each gateway.
      for (const _ of server.urls) streams.push(await LiveClient.listen(t, server, userId));
      return streams;
    };
    const [own, others] = [await streamsOf(owner), await streamsOf(stranger)];
    const handled: (MediaReadyFrame | MediaRefusedFrame)[] = [];
    const { notifications } = await listen(t, server, {
      userId: owner,
      onMedia: (frame) => handled.push(frame),
    });
    const create = { width: 40, height: 30, channels: 3, background: '#abc' } as const;
    const picture = await sharp({ create }).png().toBuffer();

    const ready = await upload(server, owner, picture);
    for (const stream of own) {
      const frame = await stream.next(({ type }) => type === 'media.ready');
      t.like(frame, { mediaId: ready, data: { status: 'ready' } });
    }
    t.like((await server.get(`/v1/media/${ready}`, { as: owner })).json, { status: 'ready' });

    const refused = await upload(server, owner, Buffer.from('no picture at all'));
    for (const stream of own) {
      const frame = await stream.next(({ type }) => type === 'media.refused');
      t.like(frame, { mediaId: refused, data: { status: 'refused' } });
      const { json } = await server.get(`/v1/media/${refused}`, { as: owner });
      t.is(frame.data!['reason'], json['reason']);
    }

    const foreign = await upload(server, stranger, Buffer.from('nor this'));
    for (const stream of others) await stream.next(({ type }) => type === 'media.refused');
    const mediaOf = (stream: LiveClient) =>
      stream.frames.filter(({ type }) => type.startsWith('media.')).map((frame) => frame.mediaId);
    for (const stream of own) t.deepEqual(mediaOf(stream), [ready, refused]);
    for (const stream of others) t.deepEqual(mediaOf(stream), [foreign]);
    const told = () => Promise.resolve(handled.map(({ type, mediaId }) => [type, mediaId]));
    t.deepEqual(await eventually(told, ({ length }) => length === 2, WAIT_MAX_MS), [
      ['media.ready', ready],
      ['media.refused', refused],
    ]);
    t.deepEqual(notifications, []);
    const feed = await server.get('/v1/notifications', { as: owner });
    t.deepEqual(feed.json['items'], []);
  });
}
