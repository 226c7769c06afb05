// Uploads by tus 1.0.0, many at once, each by one POST and one PATCH, and as clients of tus do
// where one of them is refused or breaks: after `Retry-After`, from the offset that the server has.
// The bytes are zeros, or those of a file, made once: the load holds no more than one of them. Runs
// as a process: each input line is a job (JSON), each output line a result.

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
  /** Requests that were made again, by what became of them: a status, or a code of the system. */
  readonly again: Readonly<Record<string, number>>;
  readonly bytes: number;
  readonly seconds: number;
}

const CHUNK_BYTES = 64 * 1024;
/** Of an upload that gets no further. */
const TRIES_MAX = 50;
/** Where the server names no time. */
const RETRY_MS = 200;
/** Others are under way, the upload was begun elsewhere, or the store is away. */
const AGAIN = [409, 423, 429, 503];
const TUS = { 'tus-resumable': '1.0.0' };

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await uploadAll(JSON.parse(line) as UploadJob))}\n`);

async function uploadAll(job: UploadJob): Promise<UploadResult> {
  const content = job.file === null ? null : readFileSync(job.file);
  const startedAt = performance.now();
  const state = { isOver: job.seconds === null, isBroken: false };
  const agents: Agent[] = [];
  const again: Record<string, number> = {};
  const done = { uploads: 0, failures: 0, again, bytes: 0 };
  const upload = async (index: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const localAddress = job.addresses[index % job.addresses.length]!;
    const authorization = `Bearer ${job.tokens[index % job.tokens.length]!}`;
    const headers = { ...TUS, authorization };
    const client = { ...job, agent, localAddress, again, state, headers };
    do {
      const sent = await uploadOne(client, content).catch(() => null);
      if (sent === null) {
        // What the end of the time broke off is none.
        if (!state.isBroken) done.failures += 1;
      } else {
        done.uploads += 1;
        done.bytes += sent;
      }
    } while (!state.isOver);
    agent.destroy();
  };
  const end = () => {
    state.isOver = true;
    state.isBroken = true;
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
  readonly again: Record<string, number>;
  /** `isBroken`: the time is over, and nothing is made again. */
  readonly state: { readonly isBroken: boolean };
}

/** Resolves to how many bytes were sent; null where it was refused. */
async function uploadOne(client: Client, content: Buffer | null): Promise<number | null> {
  const bytes = content?.length ?? client.bytes;
  const metadata = `filename ${btoa('bench.jpg')},purpose ${btoa('product')}`;
  const begun = await ask(client, 'POST', '/v1/uploads', {
    'idempotency-key': crypto.randomUUID(),
    'upload-length': String(bytes),
    'upload-metadata': metadata,
  });
  const { location } = begun?.headers ?? {};
  if (begun?.statusCode !== 201 || location === undefined) return null;
  const { pathname } = new URL(location, `http://${client.host}`);
  let offset = 0;
  for (let tries = 1; tries <= TRIES_MAX && !client.state.isBroken; tries++) {
    const headers = {
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
      'content-length': String(bytes - offset),
    };
    const body = content === null ? bytes - offset : content.subarray(offset);
    const patched = await tried(client, 'PATCH', pathname, headers, body);
    if (patched?.statusCode === 204) return bytes;
    if (patched !== null && !AGAIN.includes(patched.statusCode!)) return null;
    await pause(retryMsOf(patched));
    const state = await ask(client, 'HEAD', pathname, {});
    if (state?.statusCode !== 200) return null;
    const known = Number(state.headers['upload-offset']);
    if (known > offset) tries = 0;
    offset = known;
    if (offset === bytes) return bytes;
  }
  return null;
}

/** Null where no try got an answer. */
async function ask(...asked: Parameters<typeof askOnce>): Promise<IncomingMessage | null> {
  const [{ state }] = asked;
  for (let tries = 1; ; tries++) {
    const answer = await tried(...asked);
    const isDone = answer !== null && !AGAIN.includes(answer.statusCode!);
    if (isDone || tries === TRIES_MAX || state.isBroken) return answer;
    await pause(retryMsOf(answer));
  }
}

/** Null where the connection broke. */
async function tried(...asked: Parameters<typeof askOnce>): Promise<IncomingMessage | null> {
  const [{ again, state }] = asked;
  const note = (what: string | number) => {
    if (!state.isBroken) again[what] = (again[what] ?? 0) + 1;
  };
  try {
    const answer = await askOnce(...asked);
    if (AGAIN.includes(answer.statusCode!)) note(answer.statusCode!);
    return answer;
  } catch (error) {
    note((error as { code?: string }).code ?? 'unknown');
    return null;
  }
}

function retryMsOf(answer: IncomingMessage | null): number {
  const seconds = Number(answer?.headers['retry-after']);
  return seconds > 0 ? seconds * 1000 : RETRY_MS;
}

/** `body`: what it is, or how many zeros. */
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
