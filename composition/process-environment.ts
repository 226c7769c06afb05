// The environment of this process, and what needs no check of its settings. Only this file reads
// `process.env`. It is apart from the settings, so that commands start without TypeBox.

export type Environment = Readonly<Record<string, string | undefined>>;

export const PROCESS_ENVIRONMENT: Environment = process.env;

/** Of the name of every variable. */
export const PREFIX = 'LIVEDROPS_';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * A variable of the environment or a stored secret is not valid. Each problem is one line: the
 * name, and the requirement.
 */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** All settings as they are given, for processes that this one starts with the same settings. */
export function givenEnvironment(): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [variable, value] of Object.entries(PROCESS_ENVIRONMENT)) {
    if (variable.startsWith(PREFIX) && value !== undefined) given[variable] = value;
  }
  return given;
}

/** The log level alone. Works while other settings are not valid, so that they can be reported. */
export function logLevelOf(): LogLevel {
  const given = PROCESS_ENVIRONMENT[`${PREFIX}LOG`];
  return LOG_LEVELS.find((level) => level === given) ?? 'info';
}
