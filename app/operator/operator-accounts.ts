// Operators as accounts (X3a): adds, lists and removes them. Adding one again gives another second
// factor, for who lost both the device and the recovery codes. Each change ends the user's
// sessions: so a session of an operator always began with the second factor.

import type { ActionParams } from '../../contracts/actions.ts';
import { OPERATIONS_SCOPE } from '../../contracts/creator-actions.ts';
import type { AddedOperator, OperatorRow } from '../../contracts/operator-accounts.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../../domain/ids.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { ApiKeyStore } from '../../storage/ports/api-keys.ts';
import type { AccountStore, User } from '../../storage/ports/accounts.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import {
  OPERATOR_ACCOUNTS_MAX,
  type OperatorAccountStore,
} from '../../storage/ports/operator-accounts.ts';
import type { AuditLog } from '../../storage/ports/audit-log.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { canonicalEmail } from '../email-address.ts';
import type { Passwords } from '../passwords.ts';
import type { RandomBytes } from '../random-bytes.ts';
import type { SecondFactors } from '../second-factors.ts';
import type { Sessions } from '../sessions.ts';
import { ActionRecord } from './action-record.ts';

/** Nodes below it log operators in without the second factor. */
const SECOND_FACTOR_LEVEL = 3;
const GRANT_ID_BYTES = 16;
/** 144 bits. */
const PASSWORD_BYTES = 18;

export interface OperatorAccountsOptions {
  readonly accounts: AccountStore;
  readonly operatorAccounts: OperatorAccountStore;
  readonly apiKeys: Pick<ApiKeyStore, 'list' | 'remove'>;
  readonly auditLog: AuditLog;
  readonly secondFactors: SecondFactors;
  readonly sessionsOf: Sessions;
  readonly passwords: Passwords;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

export class OperatorAccounts {
  readonly #options: OperatorAccountsOptions;
  readonly #record: ActionRecord;

  constructor(options: OperatorAccountsOptions) {
    this.#options = options;
    this.#record = new ActionRecord({ log: options.auditLog, now: options.now });
  }

  /** Makes the account where there is none of the address. Refuses `too-many`. */
  async add({
    caller,
    operator: { email, role },
  }: ActionParams<'operator.addOperator'>): Promise<Outcome<AddedOperator>> {
    const { operatorAccounts, secondFactors, sessionsOf, levels, now, random } = this.#options;
    if (!isOperator(caller)) return refusal('forbidden');
    if (levels.reached() < SECOND_FACTOR_LEVEL)
      return refusal('unavailable', 'Some nodes are of an earlier version: upgrade them first.');
    const account = await this.#account(canonicalEmail(email));
    if (!account.ok) return account;
    const { user, password } = account.value;
    const request = {
      operatorId: caller.userId,
      action: 'add-operator',
      params: { userId: user.id, role },
    };
    const { stored, uri, recoveryCodes } = secondFactors.make(user.email);
    const grant = {
      ...stored,
      userId: user.id,
      role,
      grantId: Buffer.from(random(GRANT_ID_BYTES)).toString('hex'),
      addedAt: now(),
      addedBy: caller.userId,
      revision: 1,
    };
    await this.#record.record(request, `To be an ${role}, with a new second factor.`);
    const isAdded = await this.#record.recordFault(request, async () => {
      const isPut = await operatorAccounts.put(grant);
      if (isPut) await sessionsOf.endOthers(user.id, undefined);
      return isPut;
    });
    if (!isAdded) return await this.#record.refuse(request, TOO_MANY);
    const { id: userId } = user;
    return success({
      userId,
      email: user.email,
      role,
      password,
      secondFactorUri: uri,
      recoveryCodes,
    });
  }

  /** The first added first. */
  async list({
    caller,
  }: ActionParams<'operator.listOperators'>): Promise<Outcome<readonly OperatorRow[]>> {
    const { accounts, operatorAccounts } = this.#options;
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const rows: OperatorRow[] = [];
    for (const one of await operatorAccounts.list()) {
      const user = await accounts.findUser(one.userId);
      const { userId, role, addedAt, addedBy } = one;
      const recoveryCodesLeft = one.recoveryHashes.length;
      if (user !== null)
        rows.push({ userId, email: user.email, role, addedAt, addedBy, recoveryCodesLeft });
    }
    return success(rows);
  }

  /** The account stays, as one of a user. */
  async remove({
    caller,
    userId,
  }: ActionParams<'operator.removeOperator'>): Promise<Outcome<null>> {
    const { operatorAccounts, sessionsOf } = this.#options;
    if (!isOperator(caller)) return refusal('forbidden');
    if ((await operatorAccounts.find(userId)) === null) return refusal('not-found');
    const request = { operatorId: caller.userId, action: 'remove-operator', params: { userId } };
    await this.#record.record(request, 'To be an operator no more.');
    await this.#record.recordFault(request, async () => {
      // First, so that a crash in between leaves nobody in who should be out.
      await sessionsOf.endOthers(userId, undefined);
      await operatorAccounts.remove(userId);
      await sessionsOf.endOthers(userId, undefined);
      await this.#removeKeys(userId);
    });
    return success(null);
  }

  /** Those that show what operators see. */
  async #removeKeys(userId: string): Promise<void> {
    const { apiKeys } = this.#options;
    for (const { id, scopes } of await apiKeys.list(userId))
      if (scopes.includes(OPERATIONS_SCOPE)) await apiKeys.remove(userId, id);
  }

  /** The account of an address, made where there is none, with the password that it got then. */
  async #account(email: string): Promise<Outcome<{ user: User; password: string | null }>> {
    const { accounts, operatorAccounts, passwords, now, random } = this.#options;
    const present = await accounts.findUserByEmail(email);
    if (present !== null) return success({ user: present, password: null });
    // So that no account is made for nothing; `put` decides.
    if ((await operatorAccounts.list()).length >= OPERATOR_ACCOUNTS_MAX) return TOO_MANY;
    const password = Buffer.from(random(PASSWORD_BYTES)).toString('base64url');
    const hashed = await passwords.hash(password);
    if (!hashed.ok) return hashed;
    const createdAt = now();
    const user: User = {
      id: makeId('u', createdAt, random(ID_RANDOM_BYTES)),
      email,
      name: email.slice(0, email.indexOf('@')),
      passwordHash: hashed.value,
      roles: [],
      createdAt,
    };
    if (!(await accounts.addUser(user))) return refusal('email-taken');
    return success({ user, password });
  }
}

const TOO_MANY = refusal('too-many', `There are ${OPERATOR_ACCOUNTS_MAX} operators already.`);
