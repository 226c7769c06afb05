// `livedrops changes`: prints the outside stream, journal events and changes as one, a line each.
// It goes on after a lost connection, and when the server ends it because its token did; the last
// position is printed to stderr, to go on from another time.

import type { PositionLine } from '../contracts/changes.ts';
import type { OperatorApi } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { interruptSignal, type Pace, realPace } from './pace.ts';

export interface ChangesOptions extends ConnectOptions {
  readonly from: string;
  readonly follow?: true;
  readonly json?: true;
}

/** Of a lost connection, before the next try. */
const RETRY_PAUSE_MS = 1_000;
const KIND_WIDTH = 20;

type Line = Readonly<Record<string, unknown>>;

export async function changes(options: ChangesOptions): Promise<void> {
  const interrupted = interruptSignal();
  const position = await printStream({
    api: await connectOperator(options),
    from: options.from,
    follow: options.follow === true,
    json: options.json === true,
    interrupted,
    pace: realPace(interrupted),
    write: writeOut,
    warn: (text) => process.stderr.write(`livedrops: ${text}\n`),
  });
  if (position !== null) process.stderr.write(`position: ${position}\n`);
}

export interface PrintOptions {
  readonly api: Pick<OperatorApi, 'changes'>;
  readonly from: string;
  readonly follow: boolean;
  readonly json: boolean;
  readonly interrupted: AbortSignal;
  readonly pace: Pace;
  /** Resolves when there is room for more. */
  readonly write: (text: string) => Promise<void>;
  readonly warn: (text: string) => void;
}

/** The last position; null where none came. Errors: `ApiError` where waiting does not help. */
export async function printStream(options: PrintOptions): Promise<string | null> {
  const { api, follow, interrupted, pace, warn } = options;
  let position: string | null = null;
  let warned = false;
  for (;;) {
    try {
      const from: string = position ?? options.from;
      for await (const line of api.changes({ from, follow, signal: interrupted })) {
        position = positionOf(line) ?? position;
        const text = options.json ? `${line}\n` : describeLine(JSON.parse(line) as Line);
        if (text !== '') await options.write(text);
        warned = false;
      }
      // The server ends what follows when its token ends, or when it stops.
      if (!follow) return position;
    } catch (error) {
      if (interrupted.aborted) return position;
      if (!follow || !(error instanceof ApiError) || !error.transient) throw error;
      if (!warned) warn(error.message);
      warned = true;
      await pace.pause(RETRY_PAUSE_MS).catch(() => undefined);
    }
    if (interrupted.aborted) return position;
  }
}

function positionOf(line: string): string | null {
  if (!line.includes('"kind":"position"')) return null;
  const parsed = JSON.parse(line) as PositionLine;
  return parsed.kind === 'position' ? parsed.position : null;
}

/** One line for people; empty for a position. What would break it becomes a space. */
export function describeLine(line: Line): string {
  const kind = String(line['kind']);
  if (kind === 'position') return '';
  const { orderId, dropId, draftId, productId, organisationId, userId, id, creatorId } = line;
  const named = orderId ?? dropId ?? draftId ?? productId ?? organisationId ?? userId;
  const subject = String(named ?? id ?? creatorId);
  const words = [String(line['at']), kind.padEnd(KIND_WIDTH), subject, detailsOf(line)];
  return `${words
    .join('  ')
    .replaceAll(/\p{Cc}/gu, ' ')
    .trimEnd()}\n`;
}

function detailsOf(line: Line): string {
  const snapshot = line['snapshot'] === true ? ' (full pass)' : '';
  switch (line['kind']) {
    case 'drop-created': {
      const terms = line['terms'] as Line;
      return `by ${String(terms['creatorId'])}, ${String(line['stock'])} units`;
    }
    case 'drop-amended':
      return `${String(line['startsAt'])} to ${String(line['endsAt'])}`;
    case 'drop-restocked':
      return `${String(line['units'])} units`;
    case 'order-placed':
      return `${String(line['quantity'])} for ${String(line['userId'])}`;
    case 'user': {
      const user = line['user'] as Line | null;
      return (user === null ? 'gone' : String(user['name'])) + snapshot;
    }
    case 'product': {
      const product = line['product'] as Line | null;
      return (product === null ? 'gone' : String(product['name'])) + snapshot;
    }
    case 'media': {
      const media = line['media'] as Line | null;
      return (media === null ? 'gone' : String(media['status'])) + snapshot;
    }
    case 'draft': {
      const draft = line['draft'] as Line | null;
      return (draft === null ? 'gone' : `${String(draft['stock'])} units`) + snapshot;
    }
    case 'organisation': {
      const organisation = line['organisation'] as { members: unknown[] } | null;
      const size = organisation === null ? 'gone' : `${organisation.members.length} members`;
      return size + snapshot;
    }
    case 'follow': {
      const verb = line['since'] === null ? 'unfollowed' : 'follows';
      return `${verb} ${String(line['creatorId'])}${snapshot}`;
    }
    case 'take-down':
      return `${String(line['of'])} ${line['since'] === null ? 'shown' : 'hidden'}${snapshot}`;
    case 'seller':
      return `${line['since'] === null ? 'no more ' : ''}${String(line['standing'])}${snapshot}`;
    default:
      return typeof line['reference'] === 'string' ? line['reference'] : '';
  }
}

async function writeOut(text: string): Promise<void> {
  if (process.stdout.write(text)) return;
  await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
}
