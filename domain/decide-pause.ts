// What a drop does when its creator or an operator pauses it or goes on (D8). Both twice are a
// success. A pause is over with the drop.

import type { PauseDrop, ResumeDrop } from '../contracts/commands.ts';
import type { Refusal } from '../contracts/refusals.ts';
import { aboutDrop, type Decision, hasRevision, mayManage, NO_EVENTS, refuse } from './decision.ts';
import type { DropState } from './drop-state.ts';
import { HOLD_STOPS_MAX } from './hold-stops.ts';
import { refusal } from './refusal.ts';

export function decidePause(state: DropState, command: PauseDrop, now: number): Decision | Refusal {
  const refused = refuseCaller(state, command, now);
  if (refused !== null) return refused;
  if (state.pause !== null) return aboutDrop(NO_EVENTS);
  const { extendHolds, reason } = command;
  if (extendHolds && (state.holdStops?.length ?? 0) >= HOLD_STOPS_MAX) {
    const detail = `extendHolds: at most ${HOLD_STOPS_MAX} pauses of a drop extend its holds.`;
    return refuse(state, 'invalid-request', detail);
  }
  return aboutDrop([{ type: 'drop-paused', extendHolds, reason }]);
}

export function decideResume(
  state: DropState,
  command: ResumeDrop,
  now: number,
): Decision | Refusal {
  const refused = refuseCaller(state, command, now);
  if (refused !== null) return refused;
  return aboutDrop(state.pause === null ? NO_EVENTS : [{ type: 'drop-resumed' }]);
}

function refuseCaller(
  state: DropState,
  { caller, ifMatch }: PauseDrop | ResumeDrop,
  now: number,
): Refusal | null {
  if (!mayManage(state, caller)) return refusal('forbidden');
  if (!hasRevision(state, ifMatch)) return refuse(state, 'precondition-failed');
  return state.isOverAt(now) ? refuse(state, 'drop-ended') : null;
}
