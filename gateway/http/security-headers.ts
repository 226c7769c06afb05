// The headers that keep a browser from doing with a reply what it is not for (OWASP, REST Security
// and HTTP Headers cheat sheets; decision 076). One block of text, because each header that is
// written by itself is a call into the server.

/** Nothing of a reply is a page, and nothing may frame it. */
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

/** Header lines, with line breaks between. Of a page with a content policy of its own. */
export const PAGE_SECURITY_LINES = [
  'x-content-type-options: nosniff',
  'cross-origin-resource-policy: same-origin',
  'referrer-policy: no-referrer',
].join('\r\n');

/** Of every other reply. */
export const SECURITY_LINES = `${PAGE_SECURITY_LINES}\r\ncontent-security-policy: ${NO_PAGE}`;
