// A mail's words as plain text and as HTML, with at most one link.

import type { Language } from '../../contracts/languages.ts';

export interface MailText {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface MailWords {
  readonly subject: string;
  /** Paragraphs before the link, or all where there is none. */
  readonly before: readonly string[];
  readonly link: string | null;
  /** Of the link, in HTML. */
  readonly action?: string;
  readonly after?: readonly string[];
}

export function mailBody(language: Language, words: MailWords): MailText {
  const { subject, before, link, action = '', after = [] } = words;
  const lines = [...before, ...(link === null ? [] : [link]), ...after];
  const paragraphs = [
    ...before.map(escaped),
    ...(link === null ? [] : [`<a href="${escaped(link)}">${escaped(action)}</a>`, escaped(link)]),
    ...after.map(escaped),
  ];
  const body = paragraphs.map((paragraph) => `<p>${paragraph}</p>`).join('\n');
  const title = `<title>${escaped(subject)}</title>`;
  const head = `<head><meta charset="utf-8">${title}</head>`;
  return {
    subject,
    text: `${lines.join('\n\n')}\n`,
    html: `<!doctype html>\n<html lang="${language}">${head}\n<body>\n${body}\n</body></html>\n`,
  };
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
