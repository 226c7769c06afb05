// How Moleculer's packets become bytes between nodes: MessagePack by msgpackr. Records stay off,
// because they refer to earlier messages and so tie both ends of a stream together; plain maps can
// be read by any node at any time.

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
