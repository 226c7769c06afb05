// The description of the API keeps the rules of `redocly lint`, and says of each operation what
// every operation may be answered with.

import { createConfig, lintFromString } from '@redocly/openapi-core';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../actors/clock.ts';
import { OutsideStream } from '../../events/outside/outside-stream.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { startFixture } from './fixture.ts';

/** An upgrade to WebSocket succeeds with 101, and nothing else does. */
const ONLY_UPGRADES = '#/paths/~1v1~1drops~1{id}~1live/get/responses';

async function describedBy(t: ExecutionContext) {
  const stream = new OutsideStream({ ...memoryStores(), shardCount: 2, clock: systemClock });
  const fixture = await startFixture(t, { stream });
  return { fixture, text: (await fixture.request('GET', '/openapi.json')).text };
}

/** The rules that the text breaks, each with its place. */
async function broken(text: string): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const problems = await lintFromString({ source: text, config });
  return problems
    .map(({ ruleId, location }) => `${ruleId} ${location[0]?.pointer}`)
    .filter((problem) => problem !== `operation-2xx-response ${ONLY_UPGRADES}`);
}

test("G5: OpenAPI passes Redocly's recommended rules, warnings too", async (t) => {
  const { text } = await describedBy(t);
  t.deepEqual(await broken(text), []);
  const damaged = text.replace('"security":[],', '').replace('"servers":', '"x-servers":');
  const rules = (await broken(damaged)).map((problem) => problem.split(' ')[0]);
  t.deepEqual(new Set(rules), new Set(['no-empty-servers', 'security-defined']));
});

test('G5: OpenAPI has the statuses of faults in the transport, for every operation', async (t) => {
  const { fixture, text } = await describedBy(t);
  const { paths } = JSON.parse(text) as {
    paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
  };
  const faults = [
    { query: '?nothing=1', options: {} },
    { query: '', options: { body: '{' } },
    { query: '', options: { body: '{"nothing":1}' } },
    { query: '', options: { body: '{}', headers: { 'content-type': 'text/plain' } } },
    { query: '', options: { body: `"${'x'.repeat(70_000)}"` } },
  ];
  let compared = 0;
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { responses }] of Object.entries(methods)) {
      for (const { query, options } of faults) {
        const address = path.replaceAll(/\{\w+\}/g, 'abc_1') + query;
        const asked = { as: 'someone', ...options };
        const { status } = await fixture.request(method.toUpperCase(), address, asked);
        t.true(String(status) in responses, `${method} ${address}: ${status}`);
        compared += 1;
      }
    }
  }
  t.true(compared > 300, `${compared} were compared`);
});
