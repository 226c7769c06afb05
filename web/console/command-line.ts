// The equal of an action on the command line.

/** Without `livedrops` before it: an option with its text, quoted for a shell; empty: nothing. */
export function option(name: string, value: string | undefined): string {
  const text = value?.trim() ?? '';
  return text === '' ? '' : ` --${name} ${quoted(text)}`;
}

/** Of an option without a text. */
export function flag(name: string, isOn: boolean): string {
  return isOn ? ` --${name}` : '';
}

/** As POSIX shells take it: within quotes all is as it stands. */
export function quoted(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
