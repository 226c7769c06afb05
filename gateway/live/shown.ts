// What the live stream gets of the bus and of drops' actors: without what is taken down (A11).

import type { CommandRouter } from '../../actors/command-router.ts';
import type { LiveBus, LiveMessage } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import { refusal } from '../../domain/refusal.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';

type Hidden = Pick<RestrictionSet, 'isHidden'>;

/** The same bus, whose listeners do not hear of drops that are hidden. */
export function busOfShown(bus: LiveBus, hidden: Hidden): LiveBus {
  const isShown = (message: LiveMessage): boolean => {
    if (message.type === 'drop') return !hidden.isHidden(message.view);
    return message.type !== 'milestone' || !hidden.isHidden(message.milestone.view);
  };
  return {
    publish: (topic, message) => bus.publish(topic, message),
    subscribe: (topic, listener) =>
      bus.subscribe(topic, (message) => {
        if (isShown(message)) listener(message);
      }),
    hasListeners: (topic) => bus.hasListeners(topic),
    settled: () => bus.settled(),
    onGap: (listener) => bus.onGap(listener),
  };
}

/** The same router, for which drops that are hidden are not there. */
export function routerOfShown(router: CommandRouter, hidden: Hidden): CommandRouter {
  return {
    submit: (command, sink) => router.submit(command, sink),
    async send(command) {
      const reply = await router.send(command);
      const isHidden =
        command.type === 'get-drop' && reply.ok && hidden.isHidden(reply.value as DropView);
      return isHidden ? refusal('not-found') : reply;
    },
  };
}
