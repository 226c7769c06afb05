// Uploads by tus 1.0.0, many at once, each by one POST and one PATCH. The bytes are zeros, or those
// of a file, made once: the load holds no more than one of them. Runs as a process: each input line
// is a job (JSON), each output line a result.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

export interface UploadJob {
  readonly host: string;
  readonly port: number;
  /** Used in turn, since media of one owner are bounded. */
  readonly tokens: readonly string[];
  /** Used in turn, since uploads of one address are bounded. */
  readonly addresses: readonly string[];
  /** At once. */
  readonly uploads: number;
  /** Null: zeros. */
  readonly file: string | null;
  /** Of each upload without a file. */
  readonly bytes: number;
  /** For how long finished uploads are followed by others; null: each is made once. */
  readonly seconds: number | null;
  readonly run: string;
}

export interface UploadResult {
  readonly uploads: number;
  readonly failures: number;
  readonly bytes: number;
  readonly seconds: number;
}

const CHUNK_BYTES = 64 * 1024;
/** Of a request that is refused because others are under way. */
const TRIES_MAX = 50;
const RETRY_MS = 200;
const TUS = { 'tus-resumable': '1.0.0' };

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await uploadAll(JSON.parse(line) as UploadJob))}\n`);

async function uploadAll(job: UploadJob): Promise<UploadResult> {
  const content = job.file === null ? null : readFileSync(job.file);
  const startedAt = performance.now();
  const state = { isOver: job.seconds === null };
  const agents: Agent[] = [];
  const done = { uploads: 0, failures: 0, bytes: 0 };
  const upload = async (index: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const localAddress = job.addresses[index % job.addresses.length]!;
    const authorization = `Bearer ${job.tokens[index % job.tokens.length]!}`;
    const client = { ...job, agent, localAddress, headers: { ...TUS, authorization } };
    do {
      const sent = await uploadOne(client, content).catch(() => null);
      if (sent === null) {
        // What the end of the time broke off is none.
        if (!state.isOver || job.seconds === null) done.failures += 1;
      } else {
        done.uploads += 1;
        done.bytes += sent;
      }
    } while (!state.isOver);
    agent.destroy();
  };
  const end = () => {
    state.isOver = true;
    for (const agent of agents) agent.destroy();
  };
  const timer = job.seconds === null ? undefined : setTimeout(end, job.seconds * 1000);
  await Promise.all(Array.from({ length: job.uploads }, (_, index) => upload(index)));
  clearTimeout(timer);
  return { ...done, seconds: (performance.now() - startedAt) / 1000 };
}

interface Client extends UploadJob {
  readonly agent: Agent;
  readonly localAddress: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Resolves to how many bytes were sent; null where it was refused. */
async function uploadOne(client: Client, content: Buffer | null): Promise<number | null> {
  const bytes = content?.length ?? client.bytes;
  const metadata = `filename ${btoa('bench.jpg')},purpose ${btoa('product')}`;
  const begun = await ask(client, 'POST', '/v1/uploads', {
    'upload-length': String(bytes),
    'upload-metadata': metadata,
  });
  const { location } = begun.headers;
  if (begun.statusCode !== 201 || location === undefined) return null;
  const { pathname } = new URL(location, `http://${client.host}`);
  const headers = {
    'upload-offset': '0',
    'content-type': 'application/offset+octet-stream',
    'content-length': String(bytes),
  };
  const patched = await ask(client, 'PATCH', pathname, headers, content ?? bytes);
  return patched.statusCode === 204 ? bytes : null;
}

/** `body`: what it is, or how many zeros. */
async function ask(...asked: Parameters<typeof askOnce>): Promise<IncomingMessage> {
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(...asked);
    if (answer.statusCode !== 503 || tries === TRIES_MAX) return answer;
    await pause(RETRY_MS);
  }
}

async function askOnce(
  { host, port, agent, localAddress, headers: own }: Client,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer | number = 0,
): Promise<IncomingMessage> {
  const sending = request({
    host,
    port,
    agent,
    localAddress,
    method,
    path,
    headers: { ...own, ...headers },
  });
  const answered = once(sending, 'response') as Promise<[IncomingMessage]>;
  // A connection that breaks is told by the answer that does not come.
  sending.on('error', () => undefined);
  if (typeof body === 'number') Readable.from(zeros(body)).pipe(sending);
  else sending.end(body);
  const [response] = await answered;
  response.resume();
  await once(response, 'end');
  return response;
}

/** One chunk, again and again. */
function* zeros(bytes: number): Generator<Buffer> {
  const chunk = Buffer.alloc(CHUNK_BYTES);
  for (let left = bytes; left > 0; left -= CHUNK_BYTES)
    yield left < CHUNK_BYTES ? chunk.subarray(0, left) : chunk;
}
