// Messages between nodes: what commit 9994b20 sent is read today, what today's tree sends while the
// store is at level 0 is what that commit sends, and what is newer than this tree is refused.

import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  type CommandsOnWire,
  packCommands,
  packReplies,
  type RepliesOnWire,
  unpackCommands,
  unpackReplies,
} from '../../actors/cluster/execute-wire.ts';
import {
  decodeLiveMessage,
  decodeLiveText,
  encodeLiveMessage,
  encodeLiveText,
} from '../../actors/live-frame.ts';
import { linesOf, UserFrames } from '../../actors/nats/user-frames.ts';
import { decodeChecksummed, encodeChecksummed } from '../../storage/formats/checksummed.ts';
import { decodeEntry, encodeEntry } from '../../storage/formats/entry.ts';
import { NewerFormatError } from '../../storage/formats/format-version.ts';
import { unpackOrder } from '../../storage/redis/rows/order-members.ts';
import { Packr } from 'msgpackr';
import { crc32 } from 'node:zlib';
import { COMMANDS, LIVE_MESSAGES, REPLIES } from './wire-samples.ts';

const recorded = JSON.parse(
  readFileSync(new URL('recorded/9994b20/wire.json', import.meta.url), 'utf8'),
) as {
  readonly commands: CommandsOnWire;
  readonly replies: RepliesOnWire;
  /** Base 64. */
  readonly liveMessages: readonly string[];
  readonly userFrame: string;
};

test('commands and replies of 9994b20 are read, and written as it writes them', (t) => {
  t.deepEqual(unpackCommands(recorded.commands), COMMANDS as never);
  const { indexes, replies } = unpackReplies(recorded.replies);
  t.deepEqual(
    REPLIES.map((_, index) => replies[indexes.indexOf(index)]),
    REPLIES as never,
  );
  t.is(JSON.stringify(packCommands(COMMANDS)), JSON.stringify(recorded.commands));
  t.is(JSON.stringify(packReplies(REPLIES)), JSON.stringify(recorded.replies));
});

test('live messages and frames of 9994b20 are read, and written as it writes them', (t) => {
  const bytes = recorded.liveMessages.map((text) => Buffer.from(text, 'base64'));
  t.deepEqual(bytes.map(decodeLiveMessage), LIVE_MESSAGES as never);
  t.deepEqual(
    LIVE_MESSAGES.map((message) => Buffer.from(encodeLiveMessage(message)).toString('base64')),
    recorded.liveMessages as never,
  );
  const lines = linesOf(Buffer.from(recorded.userFrame));
  t.deepEqual(
    lines.filter((_, index) => index % 2 === 1).map(decodeLiveText),
    LIVE_MESSAGES as never,
  );
  const sent: string[] = [];
  const frames = new UserFrames({ send: (_subject, text) => sent.push(text) });
  for (const message of LIVE_MESSAGES) frames.add('ann', encodeLiveText(message));
  frames.sendAll();
  t.deepEqual(sent, [recorded.userFrame]);
});

const packr = new Packr({ useRecords: false });

/** The same value in a format of the next version. */
function newerEntry(): Uint8Array {
  const bytes = encodeEntry({ shard: 1, sequence: 2, time: 3, changes: [] });
  bytes.writeUInt16LE(bytes.readUInt16LE(2) + 1, 2);
  return bytes;
}

function newerChecksummed(): Uint8Array {
  const packed = packr.pack([2, {}]);
  const bytes = Buffer.alloc(4 + packed.length);
  bytes.writeUInt32LE(crc32(packed), 0);
  packed.copy(bytes, 4);
  return bytes;
}

test('a newer format of messages, entries, snapshots and rows is refused by its number', (t) => {
  const newer = { version: 1, count: 0, orders: '[]', others: [] };
  const unreadable = (read: () => unknown, version: number) =>
    t.throws(read, { message: new RegExp(`has format ${version}, which this version cannot`) });
  const isNewer = (read: () => unknown, version: number) =>
    t.true(unreadable(read, version) instanceof NewerFormatError);
  isNewer(() => unpackCommands(newer), 1);
  isNewer(() => unpackReplies(newer), 1);
  isNewer(() => decodeLiveMessage(packr.pack([-1, 0])), 1);
  isNewer(() => decodeLiveText('[-2,{}]'), 2);
  isNewer(() => linesOf(Buffer.from('\n1\nann\n[4]')), 1);
  isNewer(() => unpackOrder('ann', 0, '~1 drop_1-0001 1 c'), 1);
  unreadable(() => decodeEntry(newerEntry(), 1, 2), 2);
  unreadable(() => decodeChecksummed(newerChecksummed(), 'a snapshot'), 2);
  t.deepEqual(decodeChecksummed(encodeChecksummed({}), 'a snapshot'), {});
});
