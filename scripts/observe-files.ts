// The files of `deploy/observe/` that are made from its source, by path.

import { stringify } from 'yaml';
import { BOARDS } from '../deploy/observe/boards.ts';
import { dashboardOf } from '../deploy/observe/dashboard.ts';
import { ruleFile } from '../deploy/observe/rules.ts';

/** Where the sections of alarms are, from the top of the repository. */
const RUNBOOKS = 'docs/OPERATIONS.md';
const HEAD = '# Made by `npm run observe` from the TypeScript beside it.\n';
/** Expressions are not folded: tools that format YAML fold them otherwise. */
const UNFOLDED = 0;

/** Text by path, from the top of the repository. `runbooks`: the address of OPERATIONS.md. */
export function observeFiles(runbooks: string = RUNBOOKS): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const board of BOARDS) {
    const text = `${JSON.stringify(dashboardOf(board), null, 2)}\n`;
    files.set(`deploy/observe/dashboards/${board.name}.json`, text);
  }
  const rules = stringify(ruleFile(runbooks), { lineWidth: UNFOLDED });
  files.set('deploy/observe/rules.yml', HEAD + rules);
  return files;
}
