// The description of the streams is AsyncAPI 3, and the frames that the gateway makes are as it
// says.

import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../actors/clock.ts';
import { STREAM_LINES } from '../../contracts/changes.ts';
import { CLIENT_MESSAGES, SERVER_FRAMES } from '../../contracts/live.ts';
import { OutsideStream } from '../../events/outside/outside-stream.ts';
import { dropFrame, notificationFrame, readyFrame } from '../../gateway/live/frames.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { drop, NOW, startFixture } from './fixture.ts';

interface Described {
  readonly asyncapi: string;
  readonly channels: Readonly<Record<string, { messages: Record<string, unknown> }>>;
  readonly operations: Readonly<Record<string, unknown>>;
}

const OPTIONS = { strict: false, validateFormats: false, allErrors: true };

async function described(t: ExecutionContext, hasChanges = true): Promise<string> {
  const stream = new OutsideStream({ ...memoryStores(), shardCount: 2, clock: systemClock });
  const fixture = await startFixture(t, hasChanges ? { stream } : {});
  const { status, text, headers } = await fixture.request('GET', '/asyncapi.json');
  t.deepEqual([status, headers.get('content-type')], [200, 'application/json']);
  return text;
}

test('G5: /asyncapi.json is valid by the schema of AsyncAPI 3', async (t) => {
  const text = await described(t);
  // The schema brings the one of JSON Schema along, which Ajv would have by itself.
  const validate = new Ajv({ ...OPTIONS, meta: false, validateSchema: false }).compile(
    specs.schemas['3.0.0'],
  );
  t.true(validate(JSON.parse(text)), JSON.stringify(validate.errors?.slice(0, 5)));
  for (const [right, wrong] of [
    ['"action":"send"', '"action":"tell"'],
    ['"protocol":"ws"', '"protocol":1'],
    ['"type":"string"', '"type":"text"'],
  ] as const) {
    t.true(text.includes(right));
    t.false(validate(JSON.parse(text.replace(right, wrong))), wrong);
  }
});

test('G5: every reference in /asyncapi.json leads somewhere', async (t) => {
  const text = await described(t);
  const document = JSON.parse(text) as unknown;
  const targets = new Set([...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1]!));
  t.true(targets.size > 50);
  for (const target of targets) {
    const found = target
      .split('/')
      .reduce<unknown>((part, name) => (part as Record<string, unknown>)?.[name], document);
    t.truthy(found, target);
  }
});

test('G5: AsyncAPI has every frame, message and line of the contracts, in both ways', async (t) => {
  const { asyncapi, channels, operations } = JSON.parse(await described(t)) as Described;
  t.is(asyncapi, '3.0.0');
  const messagesOf = (name: string) => Object.keys(channels[name]!.messages);
  t.deepEqual(messagesOf('userStream'), [
    ...Object.keys(SERVER_FRAMES),
    ...Object.keys(CLIENT_MESSAGES),
  ]);
  t.deepEqual(messagesOf('dropStream'), ['drop', 'pong', 'error', 'ping']);
  t.deepEqual(messagesOf('changes'), Object.keys(STREAM_LINES));
  for (const type of Object.keys(CLIENT_MESSAGES)) t.true(`userStream.${type}` in operations);
});

test('G5: a gateway without the stream of changes does not describe it', async (t) => {
  const { channels } = JSON.parse(await described(t, false)) as Described;
  t.deepEqual(Object.keys(channels), ['userStream', 'dropStream']);
});

test('G5: frames that the gateway makes are as AsyncAPI says', async (t) => {
  const ajv = new Ajv(OPTIONS);
  ajv.addSchema(JSON.parse(await described(t)) as object, 'streams');
  const validate = (message: string, frame: string): boolean =>
    ajv.getSchema(`streams#/components/messages/${message}/payload`)!(JSON.parse(frame)) as boolean;
  const type = 'order.confirmed';
  const [userId, createdAt] = ['usr_1', NOW];
  const notice = { userId, id: '17', type, data: { orderId: 'o' }, createdAt, readAt: null };
  const frames = {
    drop: dropFrame('drop.stock', 'drop:drp_1', drop, NOW),
    notification: notificationFrame(notice, NOW),
    ready: readyFrame(userId, NOW / 1_000, [], NOW),
  };
  for (const [message, frame] of Object.entries(frames)) {
    t.true(validate(message, frame), `${message}: ${frame}`);
    t.false(validate(message, frame.replace('"at":', '"then":')), message);
  }
});
