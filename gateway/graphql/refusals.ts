// Refusals as types: every mutation answers with a union of its success and of these, with the
// codes that REST has (`gateway/http/problems.ts`).

import type { ProblemCode } from '../../contracts/refusals.ts';
import { type Problem, PROBLEMS, problemStatus } from '../http/problems.ts';
import type { Builder } from './builder.ts';

/** With `orderId`. */
const OWN_ORDER_CODES: ReadonlySet<ProblemCode> = new Set([
  'limit-per-user',
  'pass-used',
  'sold-out',
  'insufficient-stock',
]);
/** With `startsAt`. */
const NOT_YET_CODES: ReadonlySet<ProblemCode> = new Set(['drop-not-live', 'pass-not-yet']);

/** A refusal as resolvers have it. */
export interface RefusalRow extends Pick<Problem, 'code' | 'detail' | 'orderId' | 'version'> {
  readonly typename: string;
  readonly status: number;
  /** RFC 3339. */
  readonly startsAt?: string | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly serverTime?: number | undefined;
}

export class Refusals {
  readonly #general;
  readonly #ownOrder;
  readonly #notYet;

  constructor(builder: Builder) {
    const refused = builder.interfaceRef<RefusalRow>('Refused').implement({
      description: 'What was asked is not done. The same request has the same answer by REST.',
      fields: (t) => ({
        code: t.exposeString('code', { description: 'The stable code of REST, such as sold-out.' }),
        title: t.string({
          description: 'What the code means.',
          resolve: ({ code }) => PROBLEMS[code].title,
        }),
        detail: t.exposeString('detail', {
          nullable: true,
          description: 'More about this one: for an invalid request which field is wrong.',
        }),
        status: t.exposeInt('status', { description: 'The status that REST answers with.' }),
      }),
    });
    this.#general = builder.objectRef<RefusalRow>('Refusal').implement({ interfaces: [refused] });
    this.#ownOrder = builder.objectRef<RefusalRow>('StockRefusal').implement({
      description: `One of ${[...OWN_ORDER_CODES].join(', ')}.`,
      interfaces: [refused],
      fields: (t) => ({
        orderId: t.exposeString('orderId', {
          nullable: true,
          description: 'The buyer’s own order that stands in the way: its id in REST.',
        }),
        version: t.exposeInt('version', {
          nullable: true,
          description: 'The drop’s version at which it was refused.',
        }),
      }),
    });
    this.#notYet = builder.objectRef<RefusalRow>('NotYetRefusal').implement({
      description: `One of ${[...NOT_YET_CODES].join(', ')}.`,
      interfaces: [refused],
      fields: (t) => ({
        startsAt: t.field({
          type: 'DateTime',
          nullable: true,
          description: 'When the drop opens, or opens for the pass.',
          resolve: ({ startsAt }) => startsAt,
        }),
        serverTime: t.field({
          type: 'DateTime',
          nullable: true,
          description: 'The server’s clock.',
          resolve: ({ serverTime }) =>
            serverTime === undefined ? null : new Date(serverTime).toISOString(),
        }),
      }),
    });
  }

  /** The types of the refusals with these codes. */
  typesFor(codes: readonly ProblemCode[]) {
    return [
      this.#general,
      ...(codes.some((code) => OWN_ORDER_CODES.has(code)) ? [this.#ownOrder] : []),
      ...(codes.some((code) => NOT_YET_CODES.has(code)) ? [this.#notYet] : []),
    ];
  }
}

/** `among`: the codes that the mutation is described with. Any other is of the general type. */
export function refusalRow(refused: Problem, among: readonly ProblemCode[]): RefusalRow {
  const { code, detail, orderId, version, startsAt, serverTime } = refused;
  return {
    typename: among.includes(code) ? typeOf(code) : 'Refusal',
    status: problemStatus(refused),
    code,
    ...(detail !== undefined && { detail }),
    ...(orderId !== undefined && { orderId }),
    ...(version !== undefined && { version }),
    ...(startsAt !== undefined && { startsAt: new Date(startsAt).toISOString() }),
    ...(serverTime !== undefined && { serverTime }),
  };
}

function typeOf(code: ProblemCode): string {
  if (OWN_ORDER_CODES.has(code)) return 'StockRefusal';
  return NOT_YET_CODES.has(code) ? 'NotYetRefusal' : 'Refusal';
}
