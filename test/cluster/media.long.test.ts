// Media in a cluster of real processes: a gateway without the role, and two media nodes on one
// bucket. The client changes from the one to the other when a node is killed in the middle.

import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import type { MediaContent } from '../../contracts/media.ts';
import {
  AUTH_SECRET,
  eventually,
  PASS_SECRET,
  PAYMENT_SECRETS,
} from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { freePort } from '../servers/child-server.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { startBucket } from '../storage/bucket.ts';
import { ClusterNode } from './cluster-node.ts';

const WAIT_MAX_MS = 60_000;
/** What makes variants gives way to everything else. */
const PROCESSED_MAX_MS = 150_000;
const MEDIA_URL = 'https://media.shop.example';
const BYTES_FIRST = 700_000;
/** Of an upload below a GiB. */
const PIECE_BYTES = 128 * 1024;

interface MediaNode {
  readonly node: ClusterNode;
  readonly origin: string;
}

async function startScene(t: ExecutionContext) {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-media-cluster-'));
  const bucket = await startBucket();
  const redis = await RedisServer.start();
  const nats = await NatsServer.start();
  const nodes: ClusterNode[] = [];
  t.teardown(async () => {
    await Promise.all(nodes.map((node) => node.kill()));
    await Promise.all([redis.stop(), nats.stop(), bucket.stop()]);
    rmSync(directory, { recursive: true, force: true });
  });
  const { bucket: name, endpoint, credentials } = bucket.options;
  const nodeOf = (nodeId: string, roles: string, more: Record<string, string>) => {
    const node = new ClusterNode({
      nodeId,
      environment: {
        LIVEDROPS_DATA: join(directory, nodeId),
        LIVEDROPS_PORT: '0',
        LIVEDROPS_NODE_ID: nodeId,
        LIVEDROPS_ROLES: roles,
        LIVEDROPS_STORE: redis.url,
        LIVEDROPS_NATS: nats.url,
        LIVEDROPS_MEDIA_URL: MEDIA_URL,
        LIVEDROPS_RATE_LIMITS: 'off',
        LIVEDROPS_LOG: 'warn',
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        LIVEDROPS_PASS_SECRET: PASS_SECRET,
        LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
        ...more,
      },
    });
    nodes.push(node);
    return node;
  };
  const mediaNode = async (nodeId: string): Promise<MediaNode> => {
    const port = await freePort();
    const node = nodeOf(nodeId, 'media', {
      LIVEDROPS_MEDIA_PORT: String(port),
      LIVEDROPS_BLOBS: `s3://${name}?endpoint=${endpoint}`,
      LIVEDROPS_BLOBS_KEY_ID: credentials!.accessKeyId,
      LIVEDROPS_BLOBS_SECRET: credentials!.secretAccessKey,
    });
    return { node, origin: `http://127.0.0.1:${port}` };
  };
  const gateway = nodeOf('gateway', 'gateway,actors,services', {});
  const media = [await mediaNode('east'), await mediaNode('west')] as const;
  await Promise.all(nodes.map((node) => node.start()));
  for (const { origin } of media)
    await eventually(
      () => fetch(`${origin}/v1/uploads`, { method: 'OPTIONS' }).catch(() => null),
      (reply) => reply?.status === 204,
      WAIT_MAX_MS,
    );
  return { gateway, media };
}

/** The process ids of the node's children. */
function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === parent;
      } catch {
        return false;
      }
    });
}

const clustered = clusterInstalled ? test.serial : test.serial.skip;
clustered('M1, M4: an upload goes on at another node when its own was killed', async (t) => {
  t.timeout(400_000);
  const { gateway, media } = await startScene(t);
  const [east, west] = media;
  const { client } = gateway;
  const token = client.token('ann');
  const headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' };
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const file = await sharp({
    create: { width: 1_600, height: 1_200, channels: 3, background: '#888', noise },
  })
    .jpeg({ quality: 95 })
    .toBuffer();
  t.true(file.length > 2 * BYTES_FIRST);
  const begin = async (origin: string, bytes: number) => {
    const metadata = ['filename', 'lamp.jpg', 'purpose', 'product'];
    const [, filename, , purpose] = metadata.map((text) => Buffer.from(text).toString('base64'));
    const begun = await fetch(`${origin}/v1/uploads`, {
      method: 'POST',
      headers: {
        ...headers,
        'upload-length': String(bytes),
        'upload-metadata': `filename ${filename},purpose ${purpose}`,
      },
    });
    t.is(begun.status, 201, await begun.text());
    const location = begun.headers.get('location')!;
    // Clients find the media origin, not the node behind it.
    t.true(location.startsWith(`${MEDIA_URL}/v1/uploads/m_`), location);
    return location.slice(MEDIA_URL.length);
  };
  const patch = (origin: string, path: string, offset: number, body: Uint8Array) =>
    fetch(origin + path, {
      method: 'PATCH',
      headers: {
        ...headers,
        'upload-offset': String(offset),
        'content-type': 'application/offset+octet-stream',
      },
      body: Uint8Array.from(body),
    });
  const offsetAt = async (origin: string, path: string) => {
    const reply = await fetch(origin + path, { method: 'HEAD', headers });
    return reply.status === 200 ? Number(reply.headers.get('upload-offset')) : null;
  };

  // Two nodes and one upload: one wins, the other is told.
  const small = randomBytes(PIECE_BYTES);
  const raced = await begin(east.origin, small.length);
  const both = await Promise.all(media.map(({ origin }) => patch(origin, raced, 0, small)));
  const told = both.map(({ status }) => status).toSorted((a, b) => a - b);
  t.is(told[0], 204, String(told));
  t.true(told[1] === 423 || told[1] === 409, String(told));
  for (const { origin } of media) t.is(await offsetAt(origin, raced), small.length);

  // A request that brings some bytes and stays open holds the upload.
  const path = await begin(east.origin, file.length);
  const url = new URL(east.origin + path);
  const open = httpRequest(url, {
    method: 'PATCH',
    headers: {
      ...headers,
      'upload-offset': '0',
      'content-type': 'application/offset+octet-stream',
      'content-length': String(file.length),
    },
  });
  open.on('error', () => undefined);
  open.write(file.subarray(0, BYTES_FIRST));
  const acknowledged = await eventually(
    () => offsetAt(west.origin, path),
    (offset) => offset !== null && offset >= 2 * PIECE_BYTES,
    WAIT_MAX_MS,
  );
  const locked = await patch(west.origin, path, acknowledged!, file.subarray(acknowledged!));
  t.is(locked.status, 423);
  t.like(await locked.json(), { code: 'upload-locked' });

  // The node and its media process, both in the middle of it.
  const processes = childrenOf(east.node.pid);
  t.is(processes.length, 1);
  process.kill(processes[0]!, 'SIGKILL');
  await east.node.kill();
  open.destroy();
  const there = await offsetAt(west.origin, path);
  t.true(there! >= acknowledged! && there! <= BYTES_FIRST, `${there}, behind ${acknowledged}`);
  const rest = await eventually(
    () => patch(west.origin, path, there!, file.subarray(there!)),
    ({ status }) => status !== 423,
    WAIT_MAX_MS,
  );
  t.is(rest.status, 204, 'a lock ends some seconds after its holder');
  t.is(rest.headers.get('upload-offset'), String(file.length));

  const mediaId = path.split('/').at(-1)!;
  const { json } = await eventually(
    () => client.get(`/v1/media/${mediaId}`, { as: 'ann' }),
    (answer) => answer.json['status'] !== 'processing',
    PROCESSED_MAX_MS,
  );
  t.is(json['status'], 'ready', JSON.stringify(json));
  const content = json['content'] as MediaContent;
  t.is(content.sha256, createHash('sha256').update(file).digest('hex'));
  for (const variant of content.variants) {
    t.true(variant.url.startsWith(`${MEDIA_URL}/m/`), 'a node without the role knows the origin');
    const found = await fetch(west.origin + variant.url.slice(MEDIA_URL.length));
    t.deepEqual([found.status, (await found.arrayBuffer()).byteLength], [200, variant.bytes]);
  }

  // A node that comes back has everything that the other one made.
  await east.node.start();
  const again = await eventually(
    () => fetch(east.origin + content.variants[0]!.url.slice(MEDIA_URL.length)).catch(() => null),
    (reply) => reply?.status === 200,
    WAIT_MAX_MS,
  );
  t.is(again?.status, 200);
  await again!.arrayBuffer();
});
