// `livedrops operator`: adds, lists and removes the accounts of operators and auditors.

import { canonicalEmail } from '../app/email-address.ts';
import type { AddedOperator } from '../contracts/operator-accounts.ts';
import type { Operator } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface AddOperatorOptions extends ConnectOptions {
  readonly json?: true;
  readonly auditor?: true;
}

export interface RemoveOperatorOptions extends ConnectOptions {
  readonly json?: true;
}

export async function addOperator(email: string, options: AddOperatorOptions): Promise<void> {
  const role = options.auditor === true ? 'auditor' : 'operator';
  const added = await (await connectOperator(options)).addOperator(email, role);
  const json = options.json === true;
  process.stdout.write(json ? `${JSON.stringify(added, null, 2)}\n` : addedText(added));
}

export async function listOperators(options: ListOptions): Promise<void> {
  await showList(options, (api) => api.operators(), operatorsText);
}

/** Errors: an Error where no operator has the address. */
export async function removeOperator(email: string, options: RemoveOperatorOptions): Promise<void> {
  const api = await connectOperator(options);
  const address = canonicalEmail(email);
  const found = (await api.operators()).find((one) => canonicalEmail(one.email) === address);
  if (found === undefined) throw new Error(`${email} is no operator`);
  await api.removeOperator(found.userId);
  const result = { userId: found.userId, removed: true };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(result, null, 2)}\n`
      : `${found.email} is no ${found.role} any more\n`,
  );
}

export function addedText(added: AddedOperator): string {
  const { email, userId, role, password, secondFactorUri, recoveryCodes } = added;
  const lines = [
    `${email} (${userId}) is ${role === 'auditor' ? 'an auditor' : 'an operator'}`,
    ...(password === null ? [] : [`Password, to be changed: ${password}`]),
    'Second factor, for an authenticator app (as a QR code, or its secret by hand):',
    `  ${secondFactorUri}`,
    'Recovery codes, each good once:',
    ...recoveryCodes.map((code) => `  ${code}`),
    'None of this is shown again.',
  ];
  return `${lines.join('\n')}\n`;
}

export function operatorsText(rows: readonly Operator[]): string {
  if (rows.length === 0) return 'No operators.\n';
  const lines = table(
    ['added', 'id', 'e-mail', 'role', 'recovery codes', 'added by'],
    rows.map((one) => [
      one.addedAt,
      one.userId,
      one.email,
      one.role,
      String(one.recoveryCodesLeft),
      one.addedBy,
    ]),
    ['recovery codes'],
  );
  return `${lines}${count(rows.length, 'operator')}\n`;
}
