// `docs/schema.graphql` is the schema that is served, and no change of it breaks clients.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  buildClientSchema,
  buildSchema,
  findBreakingChanges,
  getIntrospectionQuery,
  type IntrospectionQuery,
  printSchema,
} from 'graphql';
import { startFixture } from '../fixture.ts';
import { ask } from './ask.ts';

const FILE = fileURLToPath(new URL('../../../docs/schema.graphql', import.meta.url));
const PRESENT = join(tmpdir(), 'livedrops-schema.graphql');

test('G1: docs/schema.graphql is the schema, and what clients use of it stays', async (t) => {
  const fixture = await startFixture(t);
  const { data } = await ask(fixture, getIntrospectionQuery());
  const present = buildClientSchema(data as unknown as IntrospectionQuery);
  const text = `${printSchema(present)}\n`;
  writeFileSync(PRESENT, text);
  const described = readFileSync(FILE, 'utf8');
  const breaking = findBreakingChanges(buildSchema(described), present);
  t.deepEqual(
    breaking.map(({ description }) => description),
    [],
    'these changes break clients',
  );
  t.true(described === text, `docs/schema.graphql is stale: cp ${PRESENT} docs/schema.graphql`);
});
