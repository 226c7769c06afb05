// What signs and checks passes, of the secrets in force.

import { PassTexts } from '../app/passes/pass-texts.ts';
import type { Config } from './config.ts';

/** Null where there is no secret for passes. */
export function passTextsOf({ passSecrets }: Pick<Config, 'passSecrets'>): PassTexts | null {
  return passSecrets.length === 0 ? null : new PassTexts(passSecrets);
}
