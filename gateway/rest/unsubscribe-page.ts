// The page behind the link of a mail: a button that ends such mails, and what it says then. Without
// scripts, and without an address of anything else.

import { createHash } from 'node:crypto';
import { HTML_MEDIA_TYPE } from '../docs/html.ts';
import type { Reply } from '../http/route.ts';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { box-sizing: border-box; max-width: 32rem; margin: 0 auto; padding: 15vh 1.5rem 2rem; }
h1 { margin: 0 0 0.5rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1.5rem; }
button { min-height: 2.75rem; padding: 0 1.25rem; border: 0; border-radius: 0.5rem;
  background: CanvasText; color: Canvas; font: inherit; font-weight: 600; cursor: pointer; }
button:focus-visible { outline: 3px solid Highlight; outline-offset: 3px; }
`;
const STYLE_DIGEST = createHash('sha256').update(STYLE).digest('base64');
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_DIGEST}'`,
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** What a page says: its title, and the HTML of its main part. */
type Page = readonly [title: string, main: string];

const PAGES = {
  asked: [
    'End these mails',
    `<h1>No more of these mails?</h1>
<p>Other mails of your account still come.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>End these mails</button></form>`,
  ],
  done: [
    'These mails have ended',
    `<h1>These mails have ended</h1>
<p>The preferences of your account say which others come, and bring these back.</p>`,
  ],
  damaged: [
    'This link does not work',
    `<h1>This link does not work</h1>
<p>Part of it may be missing. Open it from the mail again, or copy all of it. The preferences of
your account end these mails, too.</p>`,
  ],
  later: [
    'Not now',
    `<h1>That did not work</h1>
<p>Nothing has changed. Please try again in a minute.</p>`,
  ],
} as const satisfies Readonly<Record<string, Page>>;

/** Of a link that is good for nothing, as far as requests of browsers can be wrong. */
const DAMAGED: readonly number[] = [400, 403, 422];

/** For browsers; programs get the problem. */
export function unsubscribeProblemPage(status: number): Reply {
  return unsubscribePage(DAMAGED.includes(status) ? 'damaged' : 'later');
}

export function unsubscribePage(state: keyof typeof PAGES): Reply {
  const [title, main] = PAGES[state];
  const head =
    '<head><meta charset="utf-8">' +
    '<meta name="viewport" content="width=device-width, initial-scale=1">' +
    `<title>${title}</title><style>${STYLE}</style></head>`;
  return {
    ok: true,
    status: 200,
    mediaType: HTML_MEDIA_TYPE,
    body: `<!doctype html>\n<html lang="en">${head}\n<body><main>${main}</main></body></html>\n`,
    headers: [
      ['content-security-policy', POLICY],
      ['cache-control', 'no-store'],
    ],
  };
}
