// The frame of every page of the documentation, and how text gets into it.

/** No inline script or style, nothing of another origin, no `eval`. */
const NO_SCRIPT_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
/** A page with scripts may besides send requests to this server. */
const SCRIPT_POLICY = `${NO_SCRIPT_POLICY}; script-src 'self'; connect-src 'self'`;

export const HTML_MEDIA_TYPE = 'text/html; charset=utf-8';

/** What the pages lead to, in the order in which it is shown. */
export const WAYS: readonly {
  readonly path: string;
  readonly name: string;
  readonly about: string;
}[] = [
  {
    path: '/docs/rest',
    name: 'REST',
    about: 'Every operation with its fields and refusals, to read and to try with a token.',
  },
  {
    path: '/docs/graphql',
    name: 'GraphQL',
    about: 'Queries, mutations and subscriptions, to write and to try with a token.',
  },
  {
    path: '/docs/guides/graphql',
    name: 'Using GraphQL',
    about: 'All that REST offers to visitors, buyers and creators, in one request.',
  },
  {
    path: '/docs/live',
    name: 'Live streams',
    about: 'What is sent without being asked for each time: every message of every stream.',
  },
  {
    path: '/docs/guides/live',
    name: 'Using the live stream',
    about: 'Stock and notifications over one WebSocket, and how nothing is lost.',
  },
  {
    path: '/docs/guides/changes',
    name: 'Changes',
    about: 'Everything that happens, as one stream that systems outside consume.',
  },
  {
    path: '/docs/guides/webhooks',
    name: 'Webhooks',
    about: 'What a payment provider calls, how the calls are signed, and what they do.',
  },
  {
    path: '/docs/guides/sdk',
    name: 'SDK',
    about: 'The client for browsers and Node: keys, retries, sessions, live streams.',
  },
  {
    path: '/docs/guides/selling',
    name: 'Selling',
    about: 'Orders as lists and files, refunds, passes, teams and jobs.',
  },
  {
    path: '/docs/guides/own-users',
    name: 'Own users',
    about: 'Tokens of your identity provider, or of your server by an API key.',
  },
  {
    path: '/docs/guides/operations',
    name: 'Operations',
    about: 'How a server or a cluster is run, and what to do about each alarm.',
  },
];

export interface Page {
  readonly path: string;
  readonly title: string;
  /** HTML of the inside of `main`. */
  readonly body: string;
  /** Addresses of style sheets and scripts, in order. */
  readonly styles: readonly string[];
  readonly scripts?: readonly string[];
  /** Directives of its policy, besides those of all pages. */
  readonly allowed?: readonly string[];
}

/** The page as HTML. */
export function pageHtml({ path, title, body, styles, scripts = [] }: Page): string {
  const links = [{ path: '/docs', name: 'LiveDrops' }, ...WAYS].map((way) => {
    const current = way.path === path ? ' aria-current="page"' : '';
    return `<a href="${way.path}"${current}>${escapeHtml(way.name)}</a>`;
  });
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(title)} · LiveDrops</title>`,
    // Without one, browsers ask for /favicon.ico.
    '<link rel="icon" href="data:,">',
    ...styles.map((href) => `<link rel="stylesheet" href="${href}">`),
    ...scripts.map((src) => `<script defer src="${src}"></script>`),
    '</head>',
    '<body>',
    `<header><nav aria-label="Documentation">${links.join('\n')}</nav></header>`,
    `<main>${body}</main>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The Content-Security-Policy of the page. */
export function policyOf({ scripts = [], allowed = [] }: Page): string {
  return [scripts.length === 0 ? NO_SCRIPT_POLICY : SCRIPT_POLICY, ...allowed].join('; ');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** The text for the inside of an element, or of an attribute in double quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"]/g, (sign) => ENTITIES[sign]!);
}

/** A table; the cells are HTML. It scrolls by itself where the window is too narrow. */
export function tableHtml(
  heads: readonly string[],
  rows: readonly { readonly id?: string; readonly cells: readonly string[] }[],
): string {
  const head = heads.map((cell) => `<th scope="col">${cell}</th>`).join('');
  const body = rows.map(({ id, cells }) => {
    const named = id === undefined ? '' : ` id="${escapeHtml(id)}"`;
    return `<tr${named}>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  return (
    `<div class="scroll"><table><thead><tr>${head}</tr></thead>` +
    `<tbody>${body.join('\n')}</tbody></table></div>`
  );
}

export function codeHtml(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}
