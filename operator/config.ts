// `livedrops config`: what is in force, and where each value comes from. Makes nothing.

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
