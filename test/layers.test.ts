// Keeps the floors apart: who may import whom, by the text of every import in the tree.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly file: string;
  /** A package or `node:` module as written, or a path from the root. */
  readonly from: string;
  readonly typeOnly: boolean;
}

const FLOORS = [
  'contracts',
  'domain',
  'storage',
  'actors',
  'events',
  'app',
  'services',
  'gateway',
  'media',
  'composition',
  'operator',
];
const IMPORT =
  /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

const files = globSync(
  '{contracts,domain,storage,actors,events,app,services,gateway,media,composition,operator}' +
    '/**/*.ts',
  {
    cwd: ROOT,
  },
).concat('moleculer.config.ts');

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => {
    const written = match[2] ?? match[3] ?? '';
    const from = written.startsWith('.') ? normalize(join(dirname(file), written)) : written;
    return { file, from, typeOnly: match[1] !== undefined };
  });
}

const imports = files.flatMap(importsOf);

function floorOf(path: string): string {
  return path.split('/', 1)[0] ?? '';
}

function isOwn(path: string): boolean {
  return FLOORS.includes(floorOf(path)) || path === 'moleculer.config.ts';
}

function lines(found: readonly Import[]): string[] {
  return found.map(({ file, from }) => `${file} imports ${from}`);
}

const DRIVER_FOLDERS = ['storage/memory/', 'storage/sqlite/', 'storage/redis/', 'actors/nats/'];
const DRIVER_FILES = [
  'storage/archive/archive-folder.ts',
  'storage/blobs/blobs-folder.ts',
  'storage/blobs/blobs-s3.ts',
];
const DRIVER_PACKAGES = ['better-sqlite3', 'ioredis', 'redis-om', 'redis', 'nats'];

function isDriver(path: string): boolean {
  return (
    DRIVER_FOLDERS.some((folder) => path.startsWith(folder)) ||
    DRIVER_FILES.includes(path) ||
    DRIVER_PACKAGES.includes(path)
  );
}

/** Whose code each floor may use, besides its own. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  domain: ['contracts'],
  storage: ['contracts', 'domain'],
  actors: ['contracts', 'domain', 'storage'],
  events: ['contracts', 'domain', 'storage', 'actors'],
  app: ['contracts', 'domain', 'storage', 'actors', 'events'],
  services: ['contracts', 'domain', 'storage', 'actors', 'events', 'app'],
  gateway: ['contracts', 'domain', 'storage', 'actors', 'events', 'app'],
  media: ['contracts', 'domain', 'storage', 'actors', 'events', 'app'],
};

for (const [floor, allowed] of Object.entries(MAY_USE)) {
  test(`${floor} imports only ${['itself', ...allowed].join(', ')} of our own`, (t) => {
    const wrong = imports.filter(
      ({ file, from }) =>
        floorOf(file) === floor &&
        isOwn(from) &&
        floorOf(from) !== floor &&
        !allowed.includes(floorOf(from)),
    );
    t.deepEqual(lines(wrong), []);
  });
}

test('domain imports nothing from outside: no package, no node module', (t) => {
  const wrong = imports.filter(({ file, from }) => floorOf(file) === 'domain' && !isOwn(from));
  t.deepEqual(lines(wrong), []);
});

test('domain imports only types of contracts: it validates nothing', (t) => {
  const wrong = imports.filter(
    ({ file, from, typeOnly }) =>
      floorOf(file) === 'domain' && floorOf(from) === 'contracts' && !typeOnly,
  );
  t.deepEqual(lines(wrong), []);
});

test('contracts imports nothing but typebox', (t) => {
  const wrong = imports.filter(
    ({ file, from }) =>
      floorOf(file) === 'contracts' && !isOwn(from) && !/^typebox(?:\/|$)/.test(from),
  );
  t.deepEqual(lines(wrong), []);
});

test('only composition sees concrete drivers, and the drivers themselves', (t) => {
  const wrong = imports.filter(
    ({ file, from }) => isDriver(from) && floorOf(file) !== 'composition' && !isDriver(file),
  );
  t.deepEqual(lines(wrong), []);
});

test('sdk imports nothing but itself: no package, no node module, nothing of the server', (t) => {
  const sdk = globSync('sdk/*.ts', { cwd: ROOT }).flatMap(importsOf);
  const wrong = sdk.filter(({ from }) => floorOf(from) !== 'sdk' || from.split('/').length !== 2);
  t.deepEqual(lines(wrong), []);
  t.true(sdk.length > 10, `only ${sdk.length} imports`);
});

test('nobody imports operator, and only operator imports composition', (t) => {
  const wrong = imports.filter(({ file, from }) => {
    if (floorOf(from) === 'operator') return floorOf(file) !== 'operator';
    return floorOf(from) === 'composition' && !['composition', 'operator'].includes(floorOf(file));
  });
  t.deepEqual(lines(wrong), []);
});

test('only gateway/http/server.ts knows uWebSockets.js', (t) => {
  const wrong = imports.filter(
    ({ file, from }) => from === 'uWebSockets.js' && file !== 'gateway/http/server.ts',
  );
  t.deepEqual(lines(wrong), []);
});

test('only composition/otlp-exporter.ts knows OpenTelemetry, and it is loaded where traces are on', (t) => {
  const outside = imports.filter(
    ({ file, from }) =>
      from.startsWith('@opentelemetry/') && file !== 'composition/otlp-exporter.ts',
  );
  t.deepEqual(outside, []);
  const loaders = imports.filter(({ from }) => from === 'composition/otlp-exporter.ts');
  t.deepEqual(
    loaders.map(({ file }) => file),
    ['composition/tracing.ts'],
  );
  const text = readFileSync(join(ROOT, 'composition/tracing.ts'), 'utf8');
  t.regex(text, /await import\('\.\/otlp-exporter\.ts'\)/);
  t.notRegex(text, /^import .*otlp-exporter/m);
});

test('only the program that makes variants decodes pictures', (t) => {
  const mayHaveSharp = [
    'media/variants/picture.ts',
    // Draws, from shapes of its own.
    'composition/sample/picture.ts',
  ];
  const wrong = imports.filter(
    ({ file, from }) =>
      (from === 'sharp' && !mayHaveSharp.includes(file)) ||
      (from === 'media/variants/picture.ts' && file !== 'media/variants/program.ts'),
  );
  t.deepEqual(lines(wrong.filter(({ typeOnly }) => !typeOnly)), []);
});

test('only composition/process-environment.ts reads the environment', (t) => {
  const wrong = files.filter(
    (file) =>
      file !== 'composition/process-environment.ts' &&
      /\bprocess\s*(?:\?\.|\.|\[['"])\s*env\b(?!\['\w+'\] = )|\{[^}]*\benv\b[^}]*\}\s*=\s*process\b/.test(
        readFileSync(join(ROOT, file), 'utf8'),
      ),
  );
  t.deepEqual(wrong, []);
});

test('there are files and imports to look at', (t) => {
  for (const floor of FLOORS)
    t.true(
      files.some((file) => floorOf(file) === floor),
      floor,
    );
  t.true(imports.length > files.length);
});

/** What stands in one place for server and pages, and has no TypeBox in it. */
const TABLES_FOR_PAGES = ['bounds', 'currencies', 'reconcile', 'role-names'].map(
  (name) => `contracts/${name}.ts`,
);

test('web uses the SDK, a few tables of contracts, and nothing else of our own', (t) => {
  const pages = globSync('web/**/*.{ts,tsx}', {
    cwd: ROOT,
    exclude: (name) => name === 'dist',
  }).flatMap(importsOf);
  const wrong = pages.filter(
    ({ from }) =>
      !['web', 'sdk'].includes(floorOf(from)) &&
      !TABLES_FOR_PAGES.includes(from) &&
      (isOwn(from) || from.startsWith('node:')),
  );
  t.true(pages.length > 0);
  t.deepEqual(lines(wrong), []);
});
