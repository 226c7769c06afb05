import test from 'ava';
import pino from 'pino';
import { announcedLevel, FeatureLevelGate, SAFE_MS } from '../../actors/cluster/feature-level.ts';
import { PlacementWatch } from '../../actors/cluster/placement-watch.ts';
import { MemoryPlacementStore } from '../../storage/memory/placement-memory.ts';
import {
  FEATURE_LEVEL,
  type LevelTooNewError,
  ReachedLevel,
} from '../../storage/ports/feature-level.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import { ManualClock } from './manual-clock.ts';

const START = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
const LONG_MS = 24 * HOUR_MS;
const log = pino({ level: 'silent' });

/** One node's gate over a placement and a list of what others announce. */
async function gateFixture({ reached = 0 } = {}) {
  const clock = new ManualClock(START);
  const placement = new MemoryPlacementStore({ now: () => clock.monotonic() });
  await placement.raiseLevel(reached);
  const watch = new PlacementWatch({ store: placement, clock, log });
  const levels = new ReachedLevel(reached);
  const fixture = {
    clock,
    placement,
    levels,
    announced: [FEATURE_LEVEL],
    connected: true,
    rises: [] as number[],
    tooNew: [] as LevelTooNewError[],
    stop: async () => {
      await gate.stop();
      await watch.stop();
    },
    session: (nodeId: string, level: number) =>
      placement.renewSession({ ...SESSION, nodeId, incarnation: nodeId, level }, LONG_MS),
  };
  levels.onChange(() => fixture.rises.push(levels.reached()));
  const gate = new FeatureLevelGate({
    levels,
    watch,
    placement,
    announced: () => fixture.announced,
    connected: () => fixture.connected,
    onTooNew: (error) => fixture.tooNew.push(error),
    clock,
    log,
  });
  await watch.start();
  gate.start();
  return fixture;
}

const SESSION = {
  weight: 1,
  leaving: false,
  clockIsWrong: false,
  startedAt: START,
  url: null,
  liveShards: [],
};

test('the level rises once every living node has read it for a safe time', async (t) => {
  const { clock, levels, placement, rises, session, stop } = await gateFixture();
  await session('new', FEATURE_LEVEL);
  await clock.advance(SAFE_MS - 1_000);
  t.is(levels.reached(), 0);
  t.is((await placement.load()).level, 0);
  await clock.advance(2_000);
  t.is(levels.reached(), FEATURE_LEVEL);
  t.is((await placement.load()).level, FEATURE_LEVEL);
  t.deepEqual(rises, [FEATURE_LEVEL]);
  await stop();
});

test('a session without a level holds it down, and the safe time begins at its end', async (t) => {
  const { clock, levels, placement, session, stop } = await gateFixture();
  await session('old', 0);
  await clock.advance(HOUR_MS);
  t.is(levels.reached(), 0);
  await placement.endSession('old', 'old');
  await clock.advance(SAFE_MS - 1_000);
  t.is(levels.reached(), 0);
  await clock.advance(2_000);
  t.is(levels.reached(), FEATURE_LEVEL);
  await stop();
});

test('a node without a session, known by the broker only, holds it down as well', async (t) => {
  const fixture = await gateFixture();
  const { clock, levels, stop } = fixture;
  fixture.announced = [FEATURE_LEVEL, 0];
  await clock.advance(HOUR_MS);
  t.is(levels.reached(), 0);
  fixture.announced = [FEATURE_LEVEL];
  await clock.advance(SAFE_MS - 1_000);
  fixture.announced = [FEATURE_LEVEL, 0];
  await clock.advance(1_000);
  fixture.announced = [FEATURE_LEVEL];
  await clock.advance(SAFE_MS - 1_000);
  t.is(levels.reached(), 0, 'a node that comes back makes the safe time begin again');
  await clock.advance(2_000);
  t.is(levels.reached(), FEATURE_LEVEL);
  await stop();
});

test('a node that is cut off from the others does not raise it', async (t) => {
  const fixture = await gateFixture();
  const { clock, levels, stop } = fixture;
  fixture.connected = false;
  await clock.advance(HOUR_MS);
  t.is(levels.reached(), 0);
  fixture.connected = true;
  await clock.advance(SAFE_MS - 1_000);
  t.is(levels.reached(), 0);
  await clock.advance(2_000);
  t.is(levels.reached(), FEATURE_LEVEL);
  await stop();
});

test('neither time without reads of the placement nor a set wall clock counts', async (t) => {
  const { clock, levels, placement, stop } = await gateFixture();
  await clock.advance(SAFE_MS - 1_000);
  clock.shiftWall(HOUR_MS);
  const load = placement.load.bind(placement);
  placement.load = () => Promise.reject(new StoreUnavailableError('no connection'));
  await clock.advance(HOUR_MS);
  placement.load = load;
  await clock.advance(SAFE_MS - 1_000);
  clock.shiftWall(-2 * HOUR_MS);
  t.is(levels.reached(), 0);
  await clock.advance(2_000);
  t.is(levels.reached(), FEATURE_LEVEL);
  await stop();
});

test('what another node has raised counts at the next read', async (t) => {
  const { clock, levels, placement, stop } = await gateFixture();
  await placement.raiseLevel(FEATURE_LEVEL);
  await clock.advance(300);
  t.is(levels.reached(), FEATURE_LEVEL);
  await stop();
});

test('a rise that a failover of the store has lost is made again at once', async (t) => {
  const { clock, levels, placement, stop } = await gateFixture({ reached: FEATURE_LEVEL });
  const empty = new MemoryPlacementStore({ now: () => clock.monotonic() });
  placement.load = () => empty.load();
  const raised: number[] = [];
  placement.raiseLevel = (level) => {
    raised.push(level);
    return empty.raiseLevel(level);
  };
  await clock.advance(300);
  t.deepEqual(raised, [FEATURE_LEVEL]);
  t.is(levels.reached(), FEATURE_LEVEL);
  await stop();
});

test('a node below the level of the store must end, and is notified once', async (t) => {
  const { clock, levels, placement, tooNew, stop } = await gateFixture();
  await placement.raiseLevel(FEATURE_LEVEL + 1);
  await clock.advance(1_000);
  t.deepEqual(
    tooNew.map(({ code }) => code),
    ['level-too-new'],
  );
  t.is(levels.reached(), 0, 'it writes nothing newer either');
  await stop();
});

test('metadata without a valid level counts as level 0', (t) => {
  for (const metadata of [undefined, null, {}, { level: '1' }, { level: -1 }, { level: 0.5 }]) {
    t.is(announcedLevel(metadata), 0);
  }
  t.is(announcedLevel({ level: 3 }), 3);
});
