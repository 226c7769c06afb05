// The guides: Markdown files of the repository as pages, rendered by marked.

import { readFile } from 'node:fs/promises';
import { posix } from 'node:path';
import { Marked, type Tokens } from 'marked';
import { escapeHtml } from './html.ts';

/** By the last part of its address, the file of each guide. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['graphql', 'docs/GRAPHQL.md'],
  ['live', 'docs/LIVE.md'],
  ['changes', 'docs/CHANGES.md'],
  ['webhooks', 'docs/WEBHOOKS.md'],
  ['sdk', 'sdk/README.md'],
  ['selling', 'docs/SELLING.md'],
  ['own-users', 'docs/OWN-USERS.md'],
  ['operations', 'docs/OPERATIONS.md'],
]);
const ADDRESSES: ReadonlyMap<string, string> = new Map(
  [...FILES].map(([id, file]) => [file, `/docs/guides/${id}`]),
);
const ABSOLUTE = /^(?:https?:\/\/|\/|#)/;

export interface Guide {
  readonly title: string;
  /** HTML. */
  readonly body: string;
}

/** Null where there is no such guide. */
export async function readGuide(id: string): Promise<Guide | null> {
  const file = FILES.get(id);
  if (file === undefined) return null;
  const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8');
  return render(text, file);
}

/**
 * The Markdown of the file, a path in the repository, as HTML. Links to files that are no guides
 * are texts, and HTML in it is shown as is.
 */
export function render(text: string, file: string): Guide {
  const marked = new Marked({ renderer: rendererOf(posix.dirname(file)) });
  const body = marked.parse(text, { async: false });
  const title = /^# (.+)$/m.exec(text)?.[1] ?? '';
  return { title, body };
}

function rendererOf(folder: string) {
  /** Counts the ids of headings, which must differ. */
  const used = new Map<string, number>();
  return {
    heading(this: Context, { tokens, depth, text }: Tokens.Heading): string {
      const slug = slugOf(text);
      const count = used.get(slug) ?? 0;
      used.set(slug, count + 1);
      const id = count === 0 ? slug : `${slug}-${count}`;
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
    },
    link(this: Context, { href, tokens }: Tokens.Link): string {
      const inside = this.parser.parseInline(tokens);
      const address = addressOf(href, folder);
      return address === null ? inside : `<a href="${escapeHtml(address)}">${inside}</a>`;
    },
    code({ text }: Tokens.Code): string {
      return `<pre tabindex="0"><code>${escapeHtml(text)}\n</code></pre>\n`;
    },
    table(this: Context, { header, rows }: Tokens.Table): string {
      const row = (cells: readonly Tokens.TableCell[], tag: string): string =>
        `<tr>${cells
          .map(({ tokens }) => `<${tag}>${this.parser.parseInline(tokens)}</${tag}>`)
          .join('')}</tr>`;
      const body = rows.map((cells) => row(cells, 'td')).join('\n');
      return (
        `<div class="scroll"><table><thead>${row(header, 'th')}</thead>` +
        `<tbody>${body}</tbody></table></div>\n`
      );
    },
    html({ text }: Tokens.HTML | Tokens.Tag): string {
      return escapeHtml(text);
    },
  };
}

interface Context {
  readonly parser: { parseInline(tokens: Tokens.Generic[]): string };
}

/** Where a link of a file in the folder leads here; null: nowhere. */
function addressOf(href: string, folder: string): string | null {
  if (ABSOLUTE.test(href)) return href;
  const [file = '', fragment] = href.split('#');
  const address = ADDRESSES.get(posix.join(folder, file));
  if (address === undefined) return null;
  return fragment === undefined ? address : `${address}#${fragment}`;
}

/** As GitHub makes the ids of headings, which the links in the files are written for. */
function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
}
