// GraphQL over HTTP, by every audit of the suite of `graphql-http`.

import test from 'ava';
import { serverAudits } from 'graphql-http';
import { startFixture } from '../fixture.ts';

test('G2: every audit of GraphQL over HTTP passes, what MUST be, what SHOULD and what MAY', async (t) => {
  const fixture = await startFixture(t);
  const audits = serverAudits({ url: `http://127.0.0.1:${fixture.port}/v1/graphql` });
  t.true(audits.length > 50);
  const failed: string[] = [];
  for (const { id, name, fn } of audits) {
    const result = await fn();
    if (result.status !== 'ok') failed.push(`${id} ${name}: ${result.reason}`);
  }
  t.deepEqual(failed, []);
});
