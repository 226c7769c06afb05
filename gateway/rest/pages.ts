// The routes of the pages for people (U1 to U4): an app's HTML at each of its addresses, and the
// files that it loads. They are no part of the API, and so not in its description.

import type { BuiltFile, BuiltPages } from '../pages/built-pages.ts';
import { pagePolicy, WORKER_POLICY } from '../pages/page-policy.ts';
import { type HeaderPairs, PAGES_TAG, type Reply, route, type Route } from '../http/route.ts';

const PAGE = {
  method: 'GET',
  tag: PAGES_TAG,
  access: 'public',
  rateClass: 'reads',
  ignoresQuery: true,
  status: 200,
  refusals: [],
} as const;
/** Of an address whose content changes with an update: asked for again each time. */
const REVALIDATED = 'no-cache';
/** The service worker. */
const WORKER = '/sw.js';
const FOREVER = 'public, max-age=31536000, immutable';

export interface PageRoutesOptions {
  readonly pages: BuiltPages;
  /** Where media come from; null: nowhere. */
  readonly mediaOrigin: () => string | null;
  /** The `payment.provider` of orders. */
  readonly paymentProvider: string;
}

export function pageRoutes({ pages, mediaOrigin, paymentProvider }: PageRoutesOptions): Route[] {
  const reply = (file: BuiltFile, acceptEncoding: string, headers: HeaderPairs = []): Reply => {
    const { bytes, encoding } = pages.content(file, acceptEncoding);
    return {
      ok: true,
      status: 200,
      mediaType: file.mediaType,
      body: bytes,
      headers: [
        ...headers,
        // Weak: the same for all encodings.
        ['etag', `W/"${file.version}"`],
        ['vary', 'accept-encoding'],
        ...(encoding === null ? [] : [['content-encoding', encoding] as const]),
      ],
    };
  };
  const apps = pages.list.apps.flatMap(({ paths, html, isInternal, takesPayments }) => {
    const hasStripe = takesPayments && paymentProvider === 'stripe';
    return paths.map((path) =>
      route(
        {
          ...PAGE,
          path,
          summary: 'A page.',
          ...(isInternal && { internal: true }),
          responseMediaType: html.mediaType,
          cache: REVALIDATED,
        },
        ({ header }) => {
          const origin = mediaOrigin();
          return reply(html, header('accept-encoding'), [
            ['content-security-policy', pagePolicy({ mediaOrigin: origin, hasStripe })],
            // The connection for pictures is there when the script has learned of the first one.
            ...(origin === null ? [] : [['link', `<${origin}>; rel=preconnect`] as const]),
          ]);
        },
      ),
    );
  });
  const files = pages.list.files.map((file) =>
    route(
      {
        ...PAGE,
        path: file.path,
        summary: 'A file of the pages.',
        responseMediaType: file.mediaType,
        cache: file.isImmutable ? FOREVER : REVALIDATED,
      },
      ({ header }) =>
        reply(
          file,
          header('accept-encoding'),
          file.path === WORKER ? [['content-security-policy', WORKER_POLICY]] : [],
        ),
    ),
  );
  return [...apps, ...files];
}
