// Serialises Moleculer's packets between nodes: MessagePack by msgpackr. Records are off, because
// they refer to earlier messages and so bind both ends of a stream. Plain maps can be read by any
// node at any time.

import { Serializers } from 'moleculer';
import { Packr } from 'msgpackr';

export class MsgpackrSerializer extends Serializers.Base {
  readonly #packr = new Packr({ useRecords: false });

  override serialize(packet: Record<string, unknown>): Buffer {
    return this.#packr.pack(packet);
  }

  override deserialize(bytes: Buffer): unknown {
    return this.#packr.unpack(bytes);
  }
}
