// A reader of CSV by RFC 4180, written apart from the library that writes it.

export function parse(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else quoted = false;
    } else if (sign === '"') {
      if (cell !== '') throw new Error(`a quote in an unquoted cell: ${cell}`);
      quoted = true;
    } else if (sign === ',') {
      row.push(cell);
      cell = '';
    } else if (sign === '\r' && text[at + 1] === '\n') {
      rows.push([...row, cell]);
      [row, cell] = [[], ''];
      at += 1;
    } else if (sign === '\n' || sign === '\r') throw new Error('a line break outside of quotes');
    else cell += sign;
  }
  if (quoted || row.length > 0 || cell !== '') throw new Error('the last row has no end');
  return rows;
}
