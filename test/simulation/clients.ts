// Those who send commands through the nodes' routers, and what they saw. Answers may be outdated at
// no time: what was shown to anybody before a command was sent is the least that its own answer
// must show.

import type { CommandReply, DropCommand } from '../../contracts/commands.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { SimulatedCluster, SimulatedNode } from './simulated-cluster.ts';

/** A command, and what its sender saw of it. */
export interface Asked {
  readonly command: DropCommand;
  /** The least version of the drop, and of the order, that the answer may show. */
  readonly dropFloor: number;
  readonly orderFloor: number;
  /** Null: there was no answer, as of a node that was lost. */
  reply: CommandReply | null;
  repliedAt: number;
}

export class Clients {
  readonly asked: Asked[] = [];
  readonly findings: string[] = [];
  /** Orders that were answered, each once, as they were answered first. */
  readonly orders: OrderView[] = [];
  readonly #cluster: SimulatedCluster;
  /** By drop id and by order id: the highest version that anybody was shown. */
  readonly #shown = new Map<string, number>();
  /** The first answer to each request with a key. */
  readonly #answers = new Map<string, string>();

  constructor(cluster: SimulatedCluster) {
    this.#cluster = cluster;
  }

  send(
    through: SimulatedNode,
    command: DropCommand,
    onReply: (reply: CommandReply) => void = () => undefined,
  ): void {
    const orderId = 'orderId' in command ? command.orderId : '';
    const asked: Asked = {
      command,
      dropFloor: this.#shown.get(command.dropId) ?? 0,
      orderFloor: this.#shown.get(orderId) ?? 0,
      reply: null,
      repliedAt: 0,
    };
    this.asked.push(asked);
    void this.#exchange(through, asked).then(onReply);
  }

  /** A paused node takes no command and passes no reply on. */
  async #exchange(through: SimulatedNode, asked: Asked): Promise<CommandReply> {
    await through.clock.running();
    const reply = await this.#cluster.send(through, asked.command);
    await through.clock.running();
    asked.reply = reply;
    asked.repliedAt = this.#cluster.clock.now();
    this.#compare(asked, reply, through.nodeId);
    return reply;
  }

  #compare({ command, dropFloor, orderFloor }: Asked, reply: CommandReply, nodeId: string): void {
    const request = 'request' in command ? command.request : undefined;
    if (request !== undefined && reply.ok) {
      this.#compareRepeats(request.id, reply);
      // A first answer that is given again is as old as it is.
      if (reply.replayed === true) return;
    }
    const about = `${command.type} of ${command.dropId} through ${nodeId}`;
    if (!reply.ok && reply.code === 'not-found' && Math.max(dropFloor, orderFloor) > 0)
      this.findings.push(`W2, O9: ${about} found nothing, after it had been shown`);
    const order = orderIn(reply);
    const version = order?.version ?? versionIn(reply);
    if (version === null) return;
    const floor = order === null ? dropFloor : orderFloor;
    if (version < floor)
      this.findings.push(`W2: ${about} showed version ${version}, after ${floor} had been shown`);
    this.#show(command.dropId, version);
    if (order === null) return;
    if (!this.#shown.has(order.id)) this.orders.push(order);
    this.#show(order.id, version);
  }

  #compareRepeats(requestId: string, reply: CommandReply & { ok: true }): void {
    const answer = JSON.stringify(reply.value);
    const first = this.#answers.get(requestId) ?? answer;
    this.#answers.set(requestId, first);
    if (answer !== first)
      this.findings.push(`H11: ${requestId} was answered ${first}, then ${answer}`);
  }

  #show(id: string, version: number): void {
    this.#shown.set(id, Math.max(version, this.#shown.get(id) ?? 0));
  }
}

/** The order in an answer; null where it is about a drop, or a refusal. */
export function orderIn(reply: CommandReply): OrderView | null {
  if (!reply.ok) return null;
  if ('order' in reply.value) return reply.value.order;
  return 'userId' in reply.value ? reply.value : null;
}

/** The drop's version in an answer about the drop, or in a refusal; null where there is none. */
export function versionIn(reply: CommandReply): number | null {
  if (!reply.ok) return reply.version ?? null;
  return 'version' in reply.value ? reply.value.version : null;
}
