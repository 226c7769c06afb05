// The routes of the documentation's pages and of what they load (G5).

import { ASSET_CACHE, ASSET_MEDIA_TYPES, type AssetName, DocsAssets } from '../docs/assets.ts';
import { readGuide } from '../docs/guides.ts';
import { homeBody } from '../docs/home.ts';
import { HTML_MEDIA_TYPE, type Page, pageHtml, policyOf } from '../docs/html.ts';
import { liveBody } from '../docs/live.ts';
import { problem } from '../http/problems.ts';
import { type Reply, route, type Route, textReply } from '../http/route.ts';

const PAGE = {
  method: 'GET',
  tag: 'system',
  access: 'public',
  rateClass: 'reads',
  status: 200,
  responseMediaType: HTML_MEDIA_TYPE,
  cache: 'public, max-age=60',
} as const;

const REST_BODY = [
  '<h1>REST</h1>',
  '<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). To send requests from ',
  'here, authorize with an access token (of <code>POST /v1/auth/login</code>) or an API key. The ',
  'page forgets it when it is left.</p>',
  '<div id="rest"><noscript>The list of operations needs scripts.</noscript></div>',
].join('\n');

const GRAPHQL_BODY = [
  '<h1>GraphQL</h1>',
  '<p>Operations for <code>/v1/graphql</code>; <a href="/docs/guides/graphql">Using GraphQL</a> ',
  'has all about it. To act as somebody, put an access token (of ',
  '<code>POST /v1/auth/login</code>) or an API key into the headers. The page forgets it when ',
  'it is left.</p>',
].join('\n');
const NO_SCHEMA =
  '<p>This server does not tell its schema (<code>LIVEDROPS_GRAPHQL_INTROSPECTION</code>), so ' +
  'nothing is completed or listed here. Operations work all the same.</p>';
/** Its styles have their fonts in them, and its dialogs add one style, which stops scrolling. */
const GRAPHIQL_NEEDS = [
  'font-src data:',
  "style-src-elem 'self' 'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='",
];
const PLAYGROUND = '<noscript>The playground needs scripts.</noscript></div>';

export interface DocsRoutesOptions {
  readonly version: string;
  /** Whether the GraphQL schema may be asked for. */
  readonly introspection: boolean;
  /** The AsyncAPI description. */
  readonly streams: () => object;
}

export function docsRoutes({ version, introspection, streams }: DocsRoutesOptions): Route[] {
  const assets = new DocsAssets();
  /** Of guides, as HTML: there are a few, which do not change while the process runs. */
  const guides = new Map<string, Reply>();
  let live: string | null = null;

  const addresses = (names: readonly AssetName[]) =>
    Promise.all(names.map((name) => assets.addressOf(name)));
  const reply = async (
    page: Omit<Page, 'styles' | 'scripts'>,
    more: { styles?: readonly AssetName[]; scripts?: readonly AssetName[] } = {},
  ): Promise<Reply> => {
    const [styles, scripts] = await Promise.all([
      addresses(['docs-style', ...(more.styles ?? [])]),
      addresses(more.scripts ?? []),
    ]);
    const shown = { ...page, styles, scripts };
    const policy = ['content-security-policy', policyOf(shown)] as const;
    return textReply(200, HTML_MEDIA_TYPE, pageHtml(shown), [policy]);
  };

  return [
    route(
      {
        ...PAGE,
        path: '/docs',
        summary: 'The documentation, to browse; the problem codes.',
        refusals: [],
      },
      () => reply({ path: '/docs', title: 'Documentation', body: homeBody(version) }),
    ),
    route(
      {
        ...PAGE,
        path: '/docs/rest',
        summary: 'This description, to browse and to try.',
        refusals: [],
      },
      () =>
        reply(
          { path: '/docs/rest', title: 'REST', body: REST_BODY },
          {
            styles: ['swagger-ui-style', 'rest-style'],
            scripts: ['swagger-ui-script', 'rest-script'],
          },
        ),
    ),
    route(
      {
        ...PAGE,
        path: '/docs/graphql',
        summary: 'A playground for GraphQL.',
        refusals: [],
      },
      () =>
        reply(
          {
            path: '/docs/graphql',
            title: 'GraphQL',
            body: introspection
              ? `${GRAPHQL_BODY}<div id="graphiql">${PLAYGROUND}`
              : `${GRAPHQL_BODY}${NO_SCHEMA}<div id="graphiql" data-without-schema>${PLAYGROUND}`,
            allowed: GRAPHIQL_NEEDS,
          },
          {
            styles: ['graphiql-style', 'graphql-style'],
            scripts: [
              'react-script',
              'react-dom-script',
              'graphql-ws-script',
              'graphiql-script',
              'graphql-script',
            ],
          },
        ),
    ),
    route({ ...PAGE, path: '/docs/live', summary: 'The streams, to browse.', refusals: [] }, () => {
      live ??= liveBody(streams());
      return reply({ path: '/docs/live', title: 'Live streams', body: live });
    }),
    route(
      { ...PAGE, path: '/docs/guides/{id}', summary: 'A guide.', refusals: ['not-found'] },
      async ({ id }) => {
        let guide = guides.get(id);
        if (guide !== undefined) return guide;
        const read = await readGuide(id);
        if (read === null) return problem('not-found');
        guide = await reply({ path: `/docs/guides/${id}`, ...read });
        guides.set(id, guide);
        return guide;
      },
    ),
    route(
      {
        ...PAGE,
        path: '/docs/assets/{id}',
        summary: 'A script or a style of these pages.',
        responseMediaType: ASSET_MEDIA_TYPES[0],
        otherMediaTypes: Object.fromEntries(ASSET_MEDIA_TYPES.slice(1).map((type) => [type, null])),
        cache: ASSET_CACHE,
        refusals: ['not-found'],
      },
      ({ id, header }) => assets.reply(id, header('accept-encoding')),
    ),
  ];
}
