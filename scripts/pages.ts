// `node scripts/pages.ts`: builds the pages for people into `web/dist`, each file beside its
// compressed forms, with the list that the gateway serves them by. Set-up runs it when a source of
// the pages has changed.

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';
import type { BuiltApp, BuiltFile, PagesList } from '../gateway/pages/built-pages.ts';
import { CONSOLE_PATHS } from '../web/console/paths.ts';
import { PAY_PATHS } from '../web/pay/paths.ts';
import { STOREFRONT_PATHS } from '../web/storefront/paths.ts';
import { STUDIO_PATHS } from '../web/studio/paths.ts';

const WEB = join(import.meta.dirname, '..', 'web');
const DIST = join(WEB, 'dist');
const VERSION_LENGTH = 12;
const APPS: readonly {
  readonly html: string;
  readonly paths: readonly string[];
  readonly isInternal?: boolean;
  readonly takesPayments?: boolean;
}[] = [
  { html: 'index.html', paths: STOREFRONT_PATHS },
  { html: 'pay.html', paths: PAY_PATHS, takesPayments: true },
  { html: 'studio.html', paths: STUDIO_PATHS },
  { html: 'console.html', paths: CONSOLE_PATHS, isInternal: true },
];
/** Names in this folder have a hash of their content. */
const HASHED = 'assets/';
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

function builtFile(file: string): BuiltFile {
  const content = readFileSync(join(DIST, file));
  const mediaType = MEDIA_TYPES[extname(file)];
  if (mediaType === undefined) throw new Error(`No media type is known for ${file}.`);
  writeFileSync(join(DIST, `${file}.gz`), gzipSync(content, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
  writeFileSync(join(DIST, `${file}.br`), brotliCompressSync(content, { params }));
  return {
    path: `/${file}`,
    file,
    mediaType,
    version: createHash('sha256').update(content).digest('hex').slice(0, VERSION_LENGTH),
    isImmutable: file.startsWith(HASHED),
  };
}

await build({ configFile: join(WEB, 'vite.config.ts') });
const names = readdirSync(DIST, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => relative(DIST, join(entry.parentPath, entry.name)));
const files = names.toSorted().map(builtFile);
const apps: BuiltApp[] = APPS.map(({ html, paths, isInternal = false, takesPayments = false }) => {
  const found = files.find(({ file }) => file === html);
  if (found === undefined) throw new Error(`${html} was not built.`);
  return { paths, html: found, isInternal, takesPayments };
});
const list: PagesList = {
  apps,
  files: files.filter((file) => !apps.some(({ html }) => html === file)),
};
writeFileSync(join(DIST, 'pages.json'), JSON.stringify(list));
