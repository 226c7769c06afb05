// Scripts and styles of the documentation's pages: our own, and those of Swagger UI and GraphiQL
// from their packages. They are read at the first request for them, and kept compressed: some
// 1.2 MB for all of them.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { problem } from '../http/problems.ts';
import type { RouteResult } from '../http/route.ts';

const compress = promisify(gzip);
const decompress = promisify(gunzip);
const { resolve } = createRequire(import.meta.url);

const STYLE_MEDIA_TYPE = 'text/css; charset=utf-8';
const SCRIPT_MEDIA_TYPE = 'text/javascript; charset=utf-8';
export const ASSET_MEDIA_TYPES = [SCRIPT_MEDIA_TYPE, STYLE_MEDIA_TYPE] as const;

const STYLES = {
  'docs-style': own('docs.css'),
  'rest-style': own('rest.css'),
  'swagger-ui-style': resolve('swagger-ui-dist/swagger-ui.css'),
  'graphql-style': own('graphql.css'),
  'graphiql-style': packaged('graphiql', 'graphiql.min.css'),
} as const;
const SCRIPTS = {
  'rest-script': own('rest.js'),
  'swagger-ui-script': resolve('swagger-ui-dist/swagger-ui-bundle.js'),
  'graphql-script': own('graphql.js'),
  'graphiql-script': packaged('graphiql', 'graphiql.min.js'),
  'graphql-ws-script': packaged('graphql-ws', 'umd/graphql-ws.min.js'),
  'react-script': packaged('react', 'umd/react.production.min.js'),
  'react-dom-script': packaged('react-dom', 'umd/react-dom.production.min.js'),
} as const;
const FILES: ReadonlyMap<string, string> = new Map(Object.entries({ ...STYLES, ...SCRIPTS }));

export type AssetName = keyof typeof STYLES | keyof typeof SCRIPTS;

/** Of an address with the version of what it shows. */
const FOREVER = 'public, max-age=31536000, immutable';
/** Of an address with another version, which a page of another node may name during an update. */
const ANY_VERSION = 'no-cache';
const VERSION_LENGTH = 12;

interface Asset {
  readonly mediaType: string;
  /** A part of the hash of the content. */
  readonly version: string;
  readonly compressed: Uint8Array;
}

export class DocsAssets {
  readonly #assets = new Map<string, Promise<Asset>>();

  /** The address, which changes with the content. */
  async addressOf(name: AssetName): Promise<string> {
    const { version } = await this.#read(name, FILES.get(name)!);
    return `/docs/assets/${name}-${version}`;
  }

  /** Of the asset with the id, which is the last part of its address. */
  async reply(id: string, acceptEncoding: string): Promise<RouteResult> {
    const [, name = '', wanted] = /^(.*)-([0-9a-f]+)$/.exec(id) ?? [];
    const file = FILES.get(name);
    if (file === undefined) return problem('not-found');
    const { mediaType, version, compressed } = await this.#read(name, file);
    const isCompressed = acceptsGzip(acceptEncoding);
    return {
      ok: true,
      status: 200,
      mediaType,
      body: isCompressed ? compressed : await decompress(compressed),
      headers: [
        // Weak: the same for both encodings.
        ['etag', `W/"${version}"`],
        ['vary', 'accept-encoding'],
        ...(isCompressed ? [['content-encoding', 'gzip'] as const] : []),
        ...(wanted === version ? [] : [['cache-control', ANY_VERSION] as const]),
      ],
    };
  }

  #read(name: string, file: string): Promise<Asset> {
    let asset = this.#assets.get(name);
    if (asset === undefined) {
      asset = readAsset(name, file);
      this.#assets.set(name, asset);
      // A file that could not be read is tried again by the next request.
      asset.catch(() => this.#assets.delete(name));
    }
    return asset;
  }
}

export const ASSET_CACHE = FOREVER;

async function readAsset(name: string, file: string): Promise<Asset> {
  const content = await readFile(file);
  return {
    mediaType: name in STYLES ? STYLE_MEDIA_TYPE : SCRIPT_MEDIA_TYPE,
    version: createHash('sha256').update(content).digest('hex').slice(0, VERSION_LENGTH),
    compressed: await compress(content, { level: 9 }),
  };
}

function own(name: string): string {
  return fileURLToPath(new URL(`assets/${name}`, import.meta.url));
}

/** Of a package that does not export its files for browsers. */
function packaged(name: string, file: string): string {
  return join(dirname(resolve(`${name}/package.json`)), file);
}

/** Whether the header names gzip, and not with the weight 0 (RFC 9110, 12.5.3). */
function acceptsGzip(acceptEncoding: string): boolean {
  return acceptEncoding.split(',').some((coding) => {
    const [name = '', ...parameters] = coding.split(';').map((part) => part.trim().toLowerCase());
    return name === 'gzip' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
