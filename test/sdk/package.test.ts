// The package: its types are those of the server, its bundles are small, and tools that check
// packages find nothing.

import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { build } from 'esbuild';
import { publint } from 'publint';
import { type OpenApi, sdkTypes } from '../../scripts/sdk-types.ts';
import { takesKey } from '../../sdk/request.ts';
import { SaleServer } from '../end-to-end/sale-server.ts';
import { type BuiltPackage, buildPackage } from './built-package.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const KIB = 1_024;
const IMPORT = /(?:from|import\()\s*'([^']+)'/g;

let built: BuiltPackage;
let api: OpenApi;

test.before(async () => {
  built = buildPackage();
  const settings = { LIVEDROPS_ROLES: 'gateway,actors,services,search' };
  const server = await SaleServer.start('embedded', settings);
  api = (await server.get('/openapi.json')).json as unknown as OpenApi;
  await server.stop();
});
test.after.always(() => built?.remove());

test('G4: the types of the client are those of the server; `npm run sdk` writes them', (t) => {
  t.true(sdkTypes(api) === readFileSync(join(ROOT, 'sdk', 'api.ts'), 'utf8'), 'npm run sdk');
});

test('G4: exactly the requests that take a key are sent with one', (t) => {
  for (const [path, methods] of Object.entries(api.paths)) {
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const isKeyed = parameters.some(({ name }) => name === 'Idempotency-Key');
      const operation = `${method.toUpperCase()} ${path}`;
      t.is(takesKey(operation), isKeyed, operation);
    }
  }
});

test('G4: the package imports nothing but itself, declarations too', (t) => {
  const files = globSync('dist/*', { cwd: built.packageDirectory });
  const imports = files.flatMap((file) => {
    const text = readFileSync(join(built.packageDirectory, file), 'utf8');
    return [...text.matchAll(IMPORT)].map(([, from]) => from!);
  });
  t.true(imports.length > 10, `only ${imports.length} imports`);
  t.deepEqual(
    imports.filter((from) => !/^\.\/[\w-]+\.js$/.test(from)),
    [],
  );
});

test('G4: publint finds nothing', async (t) => {
  const { messages } = await publint({ pkgDir: built.packageDirectory, pack: false, strict: true });
  t.deepEqual(messages, []);
});

test('G4: are-the-types-wrong finds nothing, for importers of ES modules', async (t) => {
  const attw = join(ROOT, 'node_modules', '.bin', 'attw');
  const options = ['--pack', built.packageDirectory, '--profile', 'esm-only', '--no-emoji'];
  await t.notThrowsAsync(promisify(execFile)(attw, options));
});

for (const { entry, exports, kib } of [
  { entry: 'REST', exports: ['client'], kib: 6 },
  { entry: 'REST with the live stream', exports: ['client', 'live'], kib: 12 },
  { entry: 'REST with uploads', exports: ['client', 'uploads'], kib: 8 },
]) {
  test(`G4: ${entry} is at most ${kib} KiB, minified and compressed`, async (t) => {
    const { outputFiles } = await build({
      stdin: {
        contents: exports.map((name) => `export * from './${name}.js';`).join('\n'),
        resolveDir: join(built.packageDirectory, 'dist'),
      },
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
    });
    const bytes = gzipSync(outputFiles[0]!.contents).length;
    t.log(`${bytes} bytes`);
    t.true(bytes <= kib * KIB && bytes > KIB, `${bytes} bytes`);
  });
}
