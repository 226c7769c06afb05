// HTML from template literals. Every inserted value is escaped unless it is `Html` already.

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | null | readonly Content[];

export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(
    strings.map((text, at) => (at === 0 ? text : `${markup(values[at - 1])}${text}`)).join(''),
  );
}

function markup(content: Content | undefined): string {
  if (content === null || content === undefined) return '';
  if (content instanceof Html) return content.text;
  if (typeof content === 'object') return content.map(markup).join('');
  return escaped(String(content));
}

/** Escapes text for element content and double-quoted attributes, in HTML and SVG. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
