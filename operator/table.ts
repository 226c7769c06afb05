// Formats text in columns, for people. Programs use `--json`.

/**
 * Returns the headings and the rows, one a line, each line with its line end. Two spaces separate
 * the columns. Columns whose heading is in `numbers` align right. Control characters become spaces,
 * since they could break a line or change the terminal.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[] = [],
): string {
  const lines = [headings, ...rows].map((line) =>
    line.map((cell) => cell.replaceAll(/\p{Cc}/gu, ' ')),
  );
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const aligned = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return numbers.includes(headings[column]!) ? cell.padStart(width) : cell.padEnd(width);
  };
  return lines
    .map((line) => line.map(aligned).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
