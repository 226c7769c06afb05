// Runs over real HTTP: started, followed as a stream, cancelled, and cancelled because their client
// is gone.

import test from 'ava';
import { systemClock } from '../../actors/clock.ts';
import type { RunContext } from '../../actors/run-context.ts';
import { OperatorRuns } from '../../app/operator/runs.ts';
import type { RunState, VerifyReport } from '../../contracts/operator.ts';
import { NO_OTHER_RUNS } from '../app/operator/pretend-cluster.ts';
import { startPretendGateway, TOKEN } from '../operator/pretend-gateway.ts';

const REPORT: VerifyReport = { ok: true, shards: 1, entries: 9, drops: 1, orders: 4, findings: [] };
const UNFOLLOWED_MAX_MS = 1_000;

async function start(t: Parameters<typeof startPretendGateway>[0]) {
  const asked: RunContext[] = [];
  const begun = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<VerifyReport>();
  const gateway = await startPretendGateway(t, ['node-1'], {
    runs: new OperatorRuns({
      clock: systemClock,
      leases: null,
      others: NO_OTHER_RUNS,
      unfollowedMaxMs: UNFOLLOWED_MAX_MS,
    }),
    async verify(run) {
      asked.push(run);
      begun.resolve();
      const aborted = new Promise<never>((_, reject) => {
        run.signal.addEventListener('abort', () => reject(run.signal.reason as Error));
      });
      return await Promise.race([finished.promise, aborted]);
    },
  });
  const send = (method: string, path: string, body?: object, signal?: AbortSignal) =>
    fetch(`${gateway.url}/v1/operator/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    });
  return { send, asked, begun: begun.promise, finish: () => finished.resolve(REPORT) };
}

async function* linesOf(response: Response): AsyncGenerator<RunState, void, undefined> {
  let begun = '';
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (begun + chunk).split('\n');
    begun = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as RunState;
  }
}

test('X2: a run is started, its states are a stream that ends with the report', async (t) => {
  const { send, asked, finish } = await start(t);
  const started = await send('POST', 'runs', { kind: 'verify' });
  t.is(started.status, 201);
  const { id } = (await started.json()) as RunState;
  t.is(started.headers.get('location'), `/v1/operator/runs/${id}`);
  const second = await send('POST', 'runs', { kind: 'verify' });
  t.is(second.status, 409);
  t.like(await second.json(), { code: 'already-running' });
  const whole = await send('POST', 'verify');
  t.is(whole.status, 409);
  t.like(await (await send('GET', 'runs')).json(), { items: [{ id, kind: 'verify', end: null }] });
  const stream = await send('GET', `runs/${id}`);
  t.deepEqual([stream.status, stream.headers.get('content-type')], [200, 'application/x-ndjson']);
  const seen: (number | null)[] = [];
  for await (const { progress, end } of linesOf(stream)) {
    seen.push(progress?.done ?? null);
    const done = seen.length * 3;
    asked[0]!.progress({ phase: 'drops', shards: 1, shardsDone: 0, total: 9, done });
    if (seen.length === 3) finish();
    if (end !== null) t.deepEqual(end, { type: 'report', report: REPORT });
  }
  t.deepEqual(seen.slice(0, 3), [null, 3, 6]);
  t.like(await (await send('GET', 'runs')).json(), { items: [] });
  t.is((await send('GET', 'runs/unknown')).status, 404);
});

test('X2: a run that is cancelled stops at once, and its stream says so', async (t) => {
  const { send, asked } = await start(t);
  const { id } = (await (await send('POST', 'runs', { kind: 'verify' })).json()) as RunState;
  const stream = await send('GET', `runs/${id}`);
  t.is((await send('DELETE', `runs/${id}`)).status, 204);
  t.true(asked[0]!.signal.aborted);
  const states: RunState[] = [];
  for await (const state of linesOf(stream)) states.push(state);
  const reason = 'an operator cancelled it';
  t.deepEqual(states.at(-1)!.end, { type: 'cancelled', reason });
  t.is((await send('DELETE', `runs/${id}`)).status, 404);
});

for (const [what, path, body] of [
  ['waits for the report', 'verify', undefined],
  ['reads the stream', 'runs', { kind: 'verify' }],
] as const) {
  test(`X2: a client that ${what} and goes away ends the run`, async (t) => {
    const { send, asked, begun } = await start(t);
    const client = new AbortController();
    const request = send('POST', path, body, client.signal);
    await begun;
    let reading: Promise<unknown> = request;
    if (path === 'runs') {
      const { id } = (await (await request).json()) as RunState;
      reading = (await send('GET', `runs/${id}`, undefined, client.signal)).text();
    }
    const [{ signal }] = asked as [RunContext];
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
    t.false(signal.aborted);
    client.abort();
    await t.throwsAsync(reading, { name: 'AbortError' });
    await aborted;
    t.is((signal.reason as Error).message, 'nobody follows it any more');
  });
}
