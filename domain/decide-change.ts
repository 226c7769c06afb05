// What a drop does when its creator or an operator changes or cancels it (D3, D3a, S4).

import type { AmendDrop, CancelDrop } from '../contracts/commands.ts';
import type { DropEvent } from '../contracts/drop-events.ts';
import { changedDescription, isSameDescription } from './description.ts';
import type { Refusal } from '../contracts/refusals.ts';
import {
  aboutDrop,
  type Decision,
  hasRevision,
  isCount,
  isExactTotal,
  mayManage,
  NO_EVENTS,
  refuse,
  TOO_MUCH,
} from './decision.ts';
import type { DropState } from './drop-state.ts';
import { refusal } from './refusal.ts';

export function decideAmend(state: DropState, command: AmendDrop, now: number): Decision | Refusal {
  if (!mayManage(state, command.caller)) return refusal('forbidden');
  if (!hasRevision(state, command.ifMatch)) return refuse(state, 'precondition-failed');
  if (state.status === 'ended' || state.status === 'cancelled') return refuse(state, 'drop-ended');
  const events: DropEvent[] = [];
  for (const change of [
    changeTerms(state, command, now),
    changePrice(state, command, now),
    changeStock(state, command, now),
    changeAccess(state, command, now),
    changeDescription(state, command),
  ]) {
    if (change === null) continue;
    if ('code' in change) return change;
    events.push(change);
  }
  return aboutDrop(events);
}

export function decideCancelDrop(state: DropState, command: CancelDrop): Decision | Refusal {
  if (!mayManage(state, command.caller)) return refusal('forbidden');
  if (!hasRevision(state, command.ifMatch)) return refuse(state, 'precondition-failed');
  if (state.status === 'cancelled') return aboutDrop(NO_EVENTS);
  if (state.status === 'ended' && command.alsoEnded !== true) return refuse(state, 'drop-ended');
  return aboutDrop([{ type: 'drop-cancelled' }]);
}

/** The event, the refusal, or null where nothing changes. */
type Change = DropEvent | Refusal | null;

function changeTerms(state: DropState, command: AmendDrop, now: number): Change {
  const hasBegun = state.hasBegun(now);
  const { startsAt = state.startsAt, endsAt = state.endsAt } = command;
  const { limitPerUser = state.limitPerUser } = command;
  const keepsStart = startsAt === state.startsAt && limitPerUser === state.limitPerUser;
  if (keepsStart && endsAt === state.endsAt) return null;
  const mayMoveEnd = endsAt < state.endsAt || command.mayExtend === true;
  if (hasBegun && !(keepsStart && mayMoveEnd)) return alreadyStarted(state);
  // The closing event may be late: what is over is not extended.
  if (state.isOverAt(now)) return refuse(state, 'drop-ended');
  if ((state.status !== 'live' || command.endsAt !== undefined) && !(endsAt > now))
    return refusal('invalid-request', 'endsAt must be in the future.');
  if (!(startsAt < endsAt)) return refusal('invalid-request', 'startsAt must be before endsAt.');
  if (!isCount(limitPerUser))
    return refusal('invalid-request', 'limitPerUser must be a positive whole number.');
  return { type: 'drop-amended', startsAt, endsAt, limitPerUser };
}

function changePrice(state: DropState, command: AmendDrop, now: number): Change {
  const { unitAmount = state.unitAmount } = command;
  if (unitAmount === state.unitAmount) return null;
  if (state.hasBegun(now)) return alreadyStarted(state);
  if (!Number.isSafeInteger(unitAmount) || unitAmount < 0) return refusal('invalid-request');
  if (!isExactTotal(state.stocked + unitsAdded(state, command), unitAmount))
    return refusal('invalid-request', TOO_MUCH);
  return { type: 'drop-repriced', unitAmount };
}

function changeStock(state: DropState, command: AmendDrop, now: number): Change {
  const units = unitsAdded(state, command);
  if (units === 0) return null;
  if (command.stock !== undefined && state.hasBegun(now)) return alreadyStarted(state);
  const stocked = state.stocked + units;
  if (!Number.isSafeInteger(units) || !Number.isSafeInteger(stocked))
    return refusal('invalid-request');
  if (units > 0 && !isExactTotal(stocked, command.unitAmount ?? state.unitAmount))
    return refusal('invalid-request', TOO_MUCH);
  if (-units > state.free) {
    return refuse(
      state,
      'insufficient-stock',
      'Stock can be lowered only down to what is held and sold.',
    );
  }
  return { type: 'drop-restocked', units };
}

/** Once orders are taken it can only be opened to everybody. */
function changeAccess(state: DropState, command: AmendDrop, now: number): Change {
  const { access = state.access, earlyAccessSeconds = state.earlyAccessSeconds } = command;
  const keepsSeconds = earlyAccessSeconds === state.earlyAccessSeconds;
  if (access === state.access && keepsSeconds) return null;
  if (state.hasBegun(now) && !(access === 'public' && keepsSeconds)) return alreadyStarted(state);
  return { type: 'drop-access-changed', access, earlyAccessSeconds };
}

function changeDescription(state: DropState, command: AmendDrop): Change {
  const described = changedDescription(state.description, command);
  if (isSameDescription(described, state.description)) return null;
  const { metadata = null, externalId = null } = described;
  return { type: 'drop-described', metadata, externalId };
}

function unitsAdded(state: DropState, { stock, addStock = 0 }: AmendDrop): number {
  return stock === undefined ? addStock : stock - state.stocked;
}

function alreadyStarted(state: DropState): Refusal {
  return refuse(
    state,
    'drop-already-started',
    'A started drop can only be restocked, paused, opened to everybody, ended at another time ' +
      'or cancelled.',
  );
}
