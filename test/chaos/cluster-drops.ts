// Creates creators and drops for the chaos test of a cluster. A request without an answer is
// repeated, so a product or drop may exist twice, which does not matter here.

import type { Answer, Caller } from './caller.ts';
import { register } from './crowd.ts';
import { pause } from './final-state.ts';
import type { Random } from './random.ts';
import type { SaleDrop, World } from './world.ts';

const DROP_LIFETIME_MS = 60 * 60 * 1000;
const ATTEMPTS_MAX = 150;
const ATTEMPT_DELAY_MS = 200;
const CLIENT = 'the creator';

export interface DropKind {
  readonly payment: SaleDrop['payment'];
  readonly stock: number;
  readonly limitPerUser: number;
  readonly startsInMs: number;
}

const KINDS: readonly DropKind[] = [
  { payment: 'instant', stock: 80, limitPerUser: 6, startsInMs: 0 },
  { payment: 'provider', stock: 160, limitPerUser: 9, startsInMs: 0 },
  { payment: 'instant', stock: 400, limitPerUser: 20, startsInMs: 250 },
];

export async function makeCreators(caller: Caller): Promise<string[]> {
  await Promise.all(
    ['ada@example.com', 'grace@example.com'].map((email) => register(caller, CLIENT, email)),
  );
  const made = caller.history.registrations.map(({ userId }) => userId);
  return made.filter((userId) => userId !== null);
}

export async function makeDrops(
  caller: Caller,
  world: World,
  random: Random,
): Promise<readonly SaleDrop[]> {
  const drops: SaleDrop[] = [];
  for (const kind of KINDS) drops.push(await makeDrop(caller, world, random, kind));
  return drops;
}

export async function makeDrop(
  caller: Caller,
  world: World,
  random: Random,
  { payment, stock, limitPerUser, startsInMs }: DropKind,
): Promise<SaleDrop> {
  const creatorId = random.pick(world.creators)!;
  const token = world.token(creatorId);
  const product = await untilMade(() =>
    caller.call({
      client: CLIENT,
      what: 'makes a product',
      method: 'POST',
      path: `/v1/creators/${creatorId}/products`,
      token,
      body: { name: 'A lamp' },
    }),
  );
  const { json } = await untilMade(() => {
    const now = Date.now();
    return caller.drop({
      client: CLIENT,
      what: 'makes a drop',
      method: 'POST',
      path: `/v1/products/${String(product.json['id'])}/drops`,
      token,
      body: {
        startsAt: new Date(now + startsInMs).toISOString(),
        endsAt: new Date(now + DROP_LIFETIME_MS).toISOString(),
        stock,
        unitAmount: 1500,
        currency: 'EUR',
        limitPerUser,
        holdSeconds: 1,
        payment,
      },
    });
  });
  return { id: String(json['id']), creatorId, payment, limitPerUser };
}

async function untilMade(make: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    const answer = await make();
    if (answer.status === 201) return answer;
    if (attempt === ATTEMPTS_MAX) throw new Error(`it was answered ${answer.status}`);
    await pause(ATTEMPT_DELAY_MS);
  }
}
