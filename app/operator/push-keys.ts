// What operators do with the keys of pushes (R1): see them, rotate them, and remove old ones.

import type { ActionParams } from '../../contracts/actions.ts';
import type { PushKeyRow } from '../../contracts/push-keys.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { newVapidKey } from '../../events/push/vapid.ts';
import { VAPID_KEYS_MAX, type VapidKeyStore } from '../../storage/ports/vapid-keys.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { ActionRecord, type ActionRecordOptions } from './action-record.ts';

export interface OperatorPushKeysOptions extends ActionRecordOptions {
  readonly vapidKeys: VapidKeyStore;
}

export class OperatorPushKeys {
  readonly #options: OperatorPushKeysOptions;
  readonly #record: ActionRecord;

  constructor(options: OperatorPushKeysOptions) {
    this.#options = options;
    this.#record = new ActionRecord(options);
  }

  /** The newest first: that one is the present one. */
  async list({
    caller,
  }: ActionParams<'operator.listPushKeys'>): Promise<Outcome<readonly PushKeyRow[]>> {
    return maySeeOperations(caller) ? success(await this.#rows()) : refusal('forbidden');
  }

  /** The keys as they are then. Where the present key is another than `after`, none is made. */
  async rotate({
    caller,
    after,
  }: ActionParams<'operator.rotatePushKeys'>): Promise<Outcome<readonly PushKeyRow[]>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const { vapidKeys, now } = this.#options;
    const request = { operatorId: caller.userId, action: 'rotate-push-keys', params: { after } };
    const rows = await this.#rows();
    if (!rows.some(({ keyId }) => keyId === after)) return refusal('not-found');
    if (rows[0]!.keyId !== after) return success(rows);
    if (rows.length >= VAPID_KEYS_MAX) {
      const detail = `There are ${VAPID_KEYS_MAX} keys: remove an old one first.`;
      return await this.#record.refuse(request, refusal('too-many', detail));
    }
    const key = newVapidKey(now());
    await this.#record.record(request, `New subscriptions are for ${key.keyId}.`);
    const isAdded = await this.#record.recordFault(request, () => vapidKeys.add(key, after));
    if (!isAdded) await this.#record.record(request, `${key.keyId} was not added: another was.`);
    return success(await this.#rows());
  }

  /** Browsers that subscribed with it get no pushes until they subscribe again. */
  async remove({ caller, keyId }: ActionParams<'operator.removePushKey'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const { vapidKeys } = this.#options;
    const request = { operatorId: caller.userId, action: 'remove-push-key', params: { keyId } };
    const rows = await this.#rows();
    if (!rows.some((row) => row.keyId === keyId)) return refusal('not-found');
    if (rows[0]!.keyId === keyId) {
      const detail = 'Browsers subscribe with this key: rotate first.';
      return await this.#record.refuse(request, refusal('invalid-request', detail));
    }
    await this.#record.record(request, 'Browsers that subscribed with it get no pushes.');
    await this.#record.recordFault(request, () => vapidKeys.remove(keyId));
    return success(null);
  }

  async #rows(): Promise<readonly PushKeyRow[]> {
    const keys = await this.#options.vapidKeys.list();
    return keys.map(({ keyId, publicKey, createdAt }, index) => {
      return { keyId, publicKey, createdAt, isPresent: index === 0 };
    });
  }
}
