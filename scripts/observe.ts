// `npm run observe`: writes the dashboards and the rules of `deploy/observe/` from their source.
// `-- --runbooks https://wiki.example/operations` makes the alarms lead there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { observeFiles } from './observe-files.ts';

const ROOT = join(import.meta.dirname, '..');

const { runbooks } = parseArgs({ options: { runbooks: { type: 'string' } } }).values;
for (const [path, text] of observeFiles(runbooks)) writeFileSync(join(ROOT, path), text);
