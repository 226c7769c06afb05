// The variables of the environment, `LIVEDROPS_` before their names, each read and checked by
// itself and against the others (`composition/settings.ts`). What is stored in files is not read
// here.

import { closestName } from './closest-name.ts';
import { ConfigError, type Environment, PREFIX } from './process-environment.ts';
import {
  aboutSetting,
  contradictions,
  parseSetting,
  type SettingName,
  SETTING_NAMES,
  type SettingValue,
  type ValueOf,
} from './settings.ts';

type SettingSource = 'default' | 'environment' | 'made at first start';

/** One value in force, for display. Of a secret, only whether it is set. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: SettingSource;
}

/** Shown of a setting without a value. */
export const UNSET = '(unset)';

/** The checked environment, before stored secrets are read. */
export interface Reading {
  readonly value: <N extends SettingName>(name: N) => ValueOf<N>;
  readonly settings: readonly Setting[];
}

/** Throws `ConfigError` with all problems at once. */
export function readEnvironment(environment: Environment): Reading {
  const problems = unknownNames(environment);
  const values = new Map<SettingName, SettingValue>();
  const settings: Setting[] = [];
  for (const name of SETTING_NAMES) {
    const about = aboutSetting(name);
    const variable = PREFIX + name;
    const given = environment[variable] ?? '';
    // An empty variable counts as unset, because some supervisors can only set a variable to empty.
    const text = given === '' ? about.default : given;
    const parsed = parseSetting(name, text);
    if ('requirement' in parsed) {
      const shown = about.secret === true ? '' : ` is "${withoutAccount(text)}":`;
      problems.push(`${variable}${shown} ${parsed.requirement}`);
      continue;
    }
    values.set(name, parsed.value);
    settings.push({
      name: variable,
      value: about.secret === true ? '(hidden)' : textOf(parsed.value),
      source: given === '' ? 'default' : 'environment',
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const value = <N extends SettingName>(name: N) => values.get(name) as ValueOf<N>;
  const contradicting = contradictions(value);
  if (contradicting.length > 0) throw new ConfigError(contradicting);
  return { value, settings };
}

function textOf(value: SettingValue): string {
  const text = typeof value === 'object' && value !== null && 'text' in value ? value.text : value;
  return text === null || text.toString() === '' ? UNSET : withoutAccount(text.toString());
}

/** Hides the user name and password that a server's address may contain. */
function withoutAccount(text: string): string {
  return text.replaceAll(/\/\/[^/,]*@/g, '//(hidden)@');
}

function unknownNames(environment: Environment): string[] {
  const known = SETTING_NAMES.map((name) => PREFIX + name);
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(PREFIX) && !known.includes(variable))
    .map((variable) => {
      const closest = closestName(variable, known);
      return closest === null
        ? `${variable} is not a setting; see \`livedrops config\` for those there are`
        : `${variable} is not a setting; did you mean ${closest}?`;
    });
}
