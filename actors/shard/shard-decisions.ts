// Fills a batch: what has come due by itself, then what waits, decided one by one on the drops in memory.

import type { CommandReply, DropCommand } from '../../contracts/commands.ts';
import { answerTo, decide, decideDue } from '../../domain/decide.ts';
import { refusal } from '../../domain/refusal.ts';
import type { ShardBatch, WaitingCommand } from './shard-batch.ts';
import type { ShardMemory } from './shard-memory.ts';

/** Events that come due by themselves and go into one batch. */
const DUE_EVENTS_MAX = 1024;

const UNAVAILABLE: CommandReply = refusal('unavailable');

/**
 * Decides all of `waiting`. Throws for a defect: then those of `waiting` whose answer is not in the batch have been refused, and
 * nobody is left without one once the batch is refused as well.
 */
export function decideBatch(
  memory: ShardMemory,
  batch: ShardBatch,
  waiting: readonly WaitingCommand[],
): void {
  let decided = 0;
  try {
    takeDue(memory, batch);
    for (const one of waiting) {
      batch.answer(one, decideOne(memory, batch, one.command));
      decided += 1;
    }
  } catch (error) {
    for (const rest of waiting.slice(decided)) rest.slots.complete(rest.index, UNAVAILABLE);
    throw error;
  }
}

function takeDue(memory: ShardMemory, batch: ShardBatch): void {
  while (batch.eventCount < DUE_EVENTS_MAX) {
    const dropId = memory.takeDue(batch.time);
    if (dropId === null) return;
    const state = memory.find(dropId);
    if (state === undefined) continue;
    for (const event of decideDue(state, batch.time, DUE_EVENTS_MAX)) batch.take(state, event);
    memory.noteDeadline(state);
  }
}

function decideOne(memory: ShardMemory, batch: ShardBatch, command: DropCommand): CommandReply {
  let state = memory.find(command.dropId) ?? null;
  const decision = decide(state, command, batch.time);
  if (!decision.ok) return decision;
  for (const event of decision.events) {
    const made = batch.take(state, event);
    if (state === null) memory.add(made);
    state = made;
  }
  if (decision.events.length > 0 && decision.ordinal >= 0) {
    // The last event's fact has the very order that is the answer.
    const order = batch.lastOrder!;
    return { ok: true, value: command.type === 'place-order' ? { order, replayed: false } : order };
  }
  return { ok: true, value: answerTo(state!, command, decision) };
}
