// What `docker-compose.yml` and the Dockerfile say, as the tests of both read it.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface ComposeService {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly init?: boolean;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly ulimits?: { readonly nofile: string };
  readonly stop_grace_period?: string;
}
interface Compose {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const compose = parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), {
  merge: true,
}) as Compose;
export const dockerfile = readFileSync(join(ROOT, 'deploy/Dockerfile'), 'utf8');

/** Settings that the image has of its own. */
export const imageSettings: Readonly<Record<string, string>> = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (LIVEDROPS_\w+)=(\S+)$/gm)].map(([, name, value]) => [
    name!,
    value!,
  ]),
);

/** What the file needs of the environment that Compose is run in. */
export const GIVEN = {
  LIVEDROPS_AUTH_SECRET: 'a secret of more than thirty-two characters',
  LIVEDROPS_PAYMENT_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
  LIVEDROPS_DETAILS_SECRET: 'another-secret-of-more-than-thirty-two-characters',
  LIVEDROPS_PASS_SECRET: 'a-third-secret-of-more-than-thirty-two-characters',
};

export function service(name: string): ComposeService {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`there is no service ${name}`);
  return found;
}

/**
 * As Compose fills in `${NAME:?why}` and `${NAME:-default}`. Throws for what it needs and has not.
 */
export function filledIn(text: string, given: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind, rest: string) => {
    const value = given[name] ?? '';
    if (value !== '') return value;
    if (kind === '?') throw new Error(`${name} is missing: ${rest}`);
    return rest;
  });
}

export function environmentOf(
  name: string,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service(name).environment ?? {}).map(([variable, text]) => [
      variable,
      filledIn(text, given),
    ]),
  );
}
