// The page of the streams: AsyncAPI, readable. It shows what /asyncapi.json says and nothing else.

import { codeHtml, escapeHtml, tableHtml } from './html.ts';
import { outline } from './outline.ts';

type Json = Readonly<Record<string, unknown>>;
interface Reference {
  readonly $ref: string;
}

interface Channel {
  readonly address: string;
  readonly summary: string;
  readonly servers: readonly Reference[];
  readonly 'x-close-codes'?: readonly {
    readonly code: number;
    readonly reason: string;
    readonly retry: boolean;
  }[];
}
interface Operation {
  readonly action: 'send' | 'receive';
  readonly channel: Reference;
  readonly messages: readonly Reference[];
  readonly security?: readonly unknown[];
  readonly reply?: { readonly messages: readonly Reference[] };
}
interface Description {
  readonly info: { readonly description: string };
  readonly channels: Readonly<Record<string, Channel>>;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly components: {
    readonly schemas: Json;
    readonly messages: Readonly<Record<string, { readonly payload: Json }>>;
  };
}

/** The inside of the page, of an AsyncAPI 3 description. */
export function liveBody(description: object): string {
  const { info, channels, operations, components } = description as Description;
  const sections = Object.entries(channels).map(([name, channel]) => {
    const own = Object.values(operations).filter((one) => nameOf(one.channel) === name);
    return channelHtml(name, channel, own, components);
  });
  return [
    '<h1>Live streams</h1>',
    `<p>${escapeHtml(info.description)}</p>`,
    '<p>How a client uses them: <a href="/docs/guides/live">the live stream</a>, ',
    '<a href="/docs/guides/changes">the stream of changes</a>. For programs: ',
    '<a href="/asyncapi.json">asyncapi.json</a> (AsyncAPI 3).</p>',
    ...sections,
  ].join('\n');
}

function channelHtml(
  name: string,
  channel: Channel,
  operations: readonly Operation[],
  { schemas, messages }: Description['components'],
): string {
  const { address, summary, servers, 'x-close-codes': codes = [] } = channel;
  const messageHtml = (reference: Reference): string => {
    const message = nameOf(reference);
    const shape = escapeHtml(outline(messages[message]!.payload, schemas));
    const id = `${name}-${message}`;
    return (
      `<details id="${id}"><summary>${codeHtml(message)}</summary>` +
      `<pre tabindex="0">${shape}</pre></details>`
    );
  };
  const sent = operations.filter(({ action }) => action === 'send');
  const received = operations.filter(({ action }) => action === 'receive');
  const needsToken = operations.some(({ security = [] }) => security.length > 0);
  const answers = received.map(({ messages: asked, reply }) => ({
    cells: [
      asked.map((one) => codeHtml(nameOf(one))).join(', '),
      (reply?.messages ?? []).map((one) => codeHtml(nameOf(one))).join(', '),
    ],
  }));
  return [
    `<section><h2 id="${name}">${codeHtml(address)}</h2>`,
    `<p>${escapeHtml(summary)} By ${servers.map((one) => codeHtml(nameOf(one))).join(', ')}; `,
    needsToken ? 'needs credentials.</p>' : 'needs no credentials.</p>',
    '<h3>The server sends</h3>',
    ...sent.flatMap((one) => one.messages.map(messageHtml)),
    ...(received.length === 0
      ? []
      : [
          '<h3>A client may send</h3>',
          ...received.flatMap((one) => one.messages.map(messageHtml)),
          tableHtml(['message', 'is answered by'], answers),
        ]),
    ...(codes.length === 0
      ? []
      : [
          '<h3>Close codes</h3>',
          tableHtml(
            ['code', 'reason', 'come back'],
            codes.map(({ code, reason, retry }) => ({
              cells: [codeHtml(String(code)), escapeHtml(reason), retry ? 'yes' : 'no'],
            })),
          ),
        ]),
    '</section>',
  ].join('\n');
}

/** The last part of a reference. */
function nameOf({ $ref }: Reference): string {
  return $ref.split('/').at(-1)!;
}
