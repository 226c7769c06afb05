// The first page of the documentation: where to read what, and the codes of problems, whose `type`
// leads here (RFC 9457).

import { PROBLEMS } from '../http/problems.ts';
import { codeHtml, escapeHtml, tableHtml, WAYS } from './html.ts';

/** The inside of the page. */
export function homeBody(version: string): string {
  const ways = WAYS.map(
    ({ path, name, about }) =>
      `<li><a href="${path}"><b>${escapeHtml(name)}</b>${escapeHtml(about)}</a></li>`,
  );
  const codes = Object.entries(PROBLEMS).map(([code, { status, title }]) => ({
    id: code,
    cells: [codeHtml(code), String(status), escapeHtml(title)],
  }));
  return [
    `<h1>LiveDrops <small>${escapeHtml(version)}</small></h1>`,
    '<p>Limited-stock sales that never oversell. Times are RFC 3339 in UTC, money is in integer ',
    'minor units of a currency, and what is refused is an ',
    '<a href="#problems">RFC 9457 problem</a> with a stable code.</p>',
    `<ul class="ways">${ways.join('\n')}</ul>`,
    '<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1), ',
    '<a href="/asyncapi.json">asyncapi.json</a> (AsyncAPI 3).</p>',
    '<h2 id="problems">Problems</h2>',
    '<p>The <code>code</code> of a problem is stable, and its <code>type</code> leads to its line ',
    'here. Programs compare the code; <code>detail</code> is for people.</p>',
    tableHtml(['code', 'status', 'title'], codes),
  ].join('\n');
}
