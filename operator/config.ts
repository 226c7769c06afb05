// `livedrops config`: prints the settings in force and the source of each value. Creates no file.

import { describeConfig } from '../composition/config.ts';
import { table } from './table.ts';

export function config(options: { readonly json?: true }): void {
  const settings = describeConfig();
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(settings, null, 2)}\n`
      : table(
          ['setting', 'value', 'from'],
          settings.map(({ name, value, source }) => [name, value, source]),
        ),
  );
}
