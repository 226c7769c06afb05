// What all nodes of a cluster of this machine have in common, as a file for the shell. Commands
// that read the stores by themselves, such as `livedrops backup`, need the same settings.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** In the cluster's data directory. It has the secrets, so only its owner may read it. */
export const SETTINGS_FILE = 'settings.env';

export function storeSettings(directory: string, settings: Readonly<Record<string, string>>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quoted(value)}\n`);
  const file = join(directory, SETTINGS_FILE);
  // A file that is there would keep its mode.
  rmSync(file, { force: true });
  writeFileSync(file, lines.join(''), { mode: 0o600 });
}

/** For a POSIX shell. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
