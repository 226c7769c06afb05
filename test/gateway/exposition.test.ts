// The two formats of /metrics, and which of them a client gets.

import { spawnSync } from 'node:child_process';
import test from 'ava';
import { startFixture } from './fixture.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
/** What Prometheus 2.42 sends. */
const PROMETHEUS =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,' +
  'text/plain;version=0.0.4;q=0.5,*/*;q=0.1';
const promtoolInstalled = spawnSync('promtool', ['--version']).status === 0;

test('L5: a scrape gets OpenMetrics where it prefers that, and the text format otherwise', async (t) => {
  const fixture = await startFixture(t);
  const typeFor = async (accept: string) => {
    const headers = { accept };
    const reply = await fixture.request('GET', '/metrics', accept === '' ? {} : { headers });
    t.is(reply.headers.get('vary'), 'accept');
    return reply.headers.get('content-type');
  };
  t.is(await typeFor(PROMETHEUS), OPEN_METRICS);
  t.is(await typeFor('application/openmetrics-text'), OPEN_METRICS);
  for (const other of [
    '',
    '*/*',
    'text/plain',
    'text/plain, application/openmetrics-text;q=0.9',
    'application/openmetrics-text;version=0.0.1',
    'application/openmetrics-text;q=0',
  ])
    t.is(await typeFor(other), TEXT, other);
});

test('L5: OpenMetrics has the same series, and exemplars with the trace where one is sampled', async (t) => {
  let traceId: string | null = null;
  const exemplar = () => (traceId === null ? undefined : { traceId });
  const fixture = await startFixture(t, { exemplar });
  await fixture.request('GET', '/healthz');
  traceId = TRACE;
  await fixture.request('GET', '/nothing');
  traceId = null;
  const open = (await fixture.request('GET', '/metrics', { headers: { accept: OPEN_METRICS } }))
    .text;
  t.true(open.endsWith('\n# EOF\n'));
  const lines = open.split('\n');
  const bucket = /^livedrops_http_request_duration_seconds_bucket\{(.*),le="[^"]+"\} \d+(.*)$/;
  const buckets = lines.flatMap((line) => {
    const found = bucket.exec(line);
    return found === null ? [] : [{ labels: found[1]!, exemplar: found[2]! }];
  });
  const marked = buckets.filter((one) => one.exemplar !== '');
  t.deepEqual(
    marked.map(({ labels }) => labels),
    ['method="any",route="unmatched",status="4xx"'],
  );
  t.regex(marked[0]!.exemplar, new RegExp(`^ # \\{trace_id="${TRACE}"\\} [\\d.]+ [\\d.]+$`));
  t.true(lines.includes('# TYPE livedrops_http_refusals counter'));
  t.true(lines.includes('livedrops_http_refusals_total{of="others",code="not-found"} 1'));
  const { text } = await fixture.request('GET', '/metrics');
  t.false(text.includes('trace_id'), 'the text format has none');
  t.true(text.includes('\n# TYPE livedrops_http_refusals_total counter\n'), 'and its own names');
  t.true(text.includes('le="0.02"') && text.includes('le="0.2"') && text.includes('le="0.5"'));
});

test('L5: refusals are counted by code, of orders and of all else', async (t) => {
  const fixture = await startFixture(t);
  const order = (body: unknown) =>
    fixture.request('POST', '/v1/drops/drp_1/orders', {
      as: 'b',
      headers: { 'idempotency-key': 'k' },
      body,
    });
  fixture.router.answer = () => ({ ok: false, code: 'sold-out' });
  await order({ quantity: 1 });
  await order({ quantity: 1 });
  await order({});
  await fixture.request('GET', '/v1/users/me');
  await fixture.request('POST', '/healthz');
  const { text } = await fixture.request('GET', '/metrics');
  const counted = [...text.matchAll(/^livedrops_http_refusals_total\{(.*)\} (\d+)$/gm)];
  t.deepEqual(Object.fromEntries(counted.map(([, labels, count]) => [labels, Number(count)])), {
    'of="orders",code="sold-out"': 2,
    'of="orders",code="invalid-request"': 1,
    'of="others",code="unauthenticated"': 1,
    'of="others",code="method-not-allowed"': 1,
  });
});

const promtoolTest = promtoolInstalled ? test : test.skip;

promtoolTest('L5: promtool finds nothing wrong with names, types and units', async (t) => {
  const fixture = await startFixture(t);
  await fixture.request('GET', '/nothing');
  const { text } = await fixture.request('GET', '/metrics');
  const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  t.is(checked.status, 0, checked.stderr + checked.stdout);
  t.is(checked.stderr, '');
});
