// `livedrops cluster`: runs a whole cluster on this machine under one supervisor and shows its
// state, until a signal stops it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { givenEnvironment } from '../../composition/process-environment.ts';
import { AccessTokens } from '../../app/access-tokens.ts';
import { SigningSecrets } from '../../app/signing-secrets.ts';
import { OperatorApi } from '../api-client.ts';
import { realPace, interruptSignal } from '../pace.ts';
import { watch } from '../watch.ts';
import { ClusterSupervisor } from './supervisor.ts';
import { type ClusterEvent, clusterLine, type ClusterPicture, clusterText } from './view.ts';

export interface ClusterOptions {
  readonly nodes: number;
  readonly port: number;
  /** Absent: a temporary directory, removed at the end. */
  readonly data?: string;
  /** Do not remove the temporary directory. */
  readonly keep?: true;
}

const EVENTS_MAX = 100;
const MOVES_LIMIT = 5;
const TOKEN_SECONDS = 60;
/** Short, since the nodes are on this machine: a slower node is shown as not answering. */
const ANSWER_TIMEOUT_MS = 2_000;
const LINE_INTERVAL_MS = 5_000;

export async function cluster(options: ClusterOptions): Promise<void> {
  const givenDirectory = options.data === undefined ? null : resolve(options.data);
  const dataDirectory = givenDirectory ?? mkdtempSync(join(tmpdir(), 'livedrops-cluster-'));
  const inPlace = process.stdout.isTTY;
  const events: ClusterEvent[] = [];
  const report = (text: string): void => {
    events.push({ at: Date.now(), text });
    if (events.length > EVENTS_MAX) events.shift();
    if (!inPlace) process.stdout.write(`${text}\n`);
  };
  const supervisor = new ClusterSupervisor({
    dataDirectory,
    nodeCount: options.nodes,
    port: options.port,
    media: true,
    environment: givenEnvironment(),
    report: report,
  });
  const interrupted = interruptSignal();
  const interruption = new Promise((ended) => {
    interrupted.addEventListener('abort', ended, { once: true });
  });
  try {
    process.stdout.write(`Starting ${options.nodes} nodes in ${dataDirectory} ...\n`);
    // An interrupt during the start makes the start fail. That failure is expected.
    const started = supervisor.start().then(
      () => null,
      (error: unknown) => error as Error,
    );
    const failure = await Promise.race([started, interruption.then(() => null)]);
    if (failure !== null) throw failure;
    if (!interrupted.aborted) {
      for (const { nodeId, url, mediaUrl } of supervisor.nodes)
        process.stdout.write(`${nodeId} ready on ${url}, its media on ${mediaUrl}\n`);
      process.stdout.write(`LiveDrops ready on ${supervisor.nodes[0]!.url}\n`);
      await show(supervisor, dataDirectory, events, interrupted);
    }
    process.stdout.write('Stopping: nodes first, then NATS and Redis ...\n');
  } finally {
    await supervisor.stop();
    if (givenDirectory === null && options.keep !== true)
      rmSync(dataDirectory, { recursive: true, force: true });
  }
  process.stdout.write('Everything has stopped.\n');
}

async function show(
  supervisor: ClusterSupervisor,
  dataDirectory: string,
  events: readonly ClusterEvent[],
  interrupted: AbortSignal,
): Promise<void> {
  const signs = (): AccessTokens =>
    new AccessTokens({ secret: new SigningSecrets(supervisor.authSecrets()) });
  const api = new OperatorApi({
    url: supervisor.nodes[0]!.operatorUrl,
    token: () =>
      signs().sign({
        userId: 'supervisor',
        roles: ['operator'],
        lifetimeSeconds: TOKEN_SECONDS,
      }),
    timeoutMs: ANSWER_TIMEOUT_MS,
  });
  const readPicture = async (): Promise<ClusterPicture> => {
    const { nodes, moves } = await readCluster(api);
    return { processes: supervisor.nodes, nodes, moves, events, dataDirectory };
  };
  const pace = realPace(interrupted);
  if (process.stdout.isTTY) {
    const picture = async (): Promise<string> => clusterText(await readPicture());
    return await watch({ show: picture, output: process.stdout, pace, interrupted });
  }
  let last = '';
  while (!interrupted.aborted) {
    const line = clusterLine(await readPicture());
    if (line !== last) process.stdout.write(`${line}\n`);
    last = line;
    await pace.pause(LINE_INTERVAL_MS).catch((error: unknown) => {
      if (!interrupted.aborted) throw error;
    });
  }
}

/** No node may answer for a while. The view then says so, and the command goes on. */
async function readCluster(api: OperatorApi): Promise<Pick<ClusterPicture, 'nodes' | 'moves'>> {
  try {
    const [nodes, moves] = await Promise.all([api.nodes(), api.moves(MOVES_LIMIT)]);
    return { nodes, moves };
  } catch {
    return { nodes: null, moves: [] };
  }
}
