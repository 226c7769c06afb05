import test from 'ava';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { type UpkeepLimits, UpkeepPace, UpkeepShare } from '../../actors/upkeep.ts';
import { flush, ManualClock } from './manual-clock.ts';

const LIMITS: UpkeepLimits = {
  sliceMs: 1,
  shareBesideSale: 0.1,
  shareAlone: 1,
  deferralMsMax: 5000,
};

function makeShare(limits: Partial<UpkeepLimits> = {}) {
  const clock = new ManualClock(0);
  const meter = new SaleMeter();
  const share = new UpkeepShare({ limits: { ...LIMITS, ...limits }, meter, clock });
  return { clock, meter, share };
}

/** Steps of `stepMs` without end; returns how many are done so far, and ends them. */
function work(clock: ManualClock, share: UpkeepShare, stepMs: number) {
  const steps = { done: 0, ended: false };
  void share.inSlices(async (pause) => {
    while (!steps.ended) {
      // The work itself takes the time of its step.
      await new Promise<void>((resolve) => clock.after(stepMs, resolve));
      steps.done += 1;
      await pause();
    }
  });
  return steps;
}

test('work in steps takes its share while commands are decided, and all of it else', async (t) => {
  const { clock, meter, share } = makeShare();
  const steps = work(clock, share, 0.5);
  await clock.advance(100);
  t.true(steps.done >= 199, 'nothing is sold');
  let before = steps.done;
  for (let ms = 0; ms < 1000; ms += 20) {
    meter.addCommands(1);
    await clock.advance(20);
  }
  t.true(steps.done - before > 170 && steps.done - before < 230, `${steps.done - before} of 2000`);
  before = steps.done;
  await clock.advance(300);
  t.true(steps.done - before > 350, 'the sale is over');
  steps.ended = true;
});

test('two pieces of work take one share together', async (t) => {
  const { clock, meter, share } = makeShare();
  const both = [work(clock, share, 0.5), work(clock, share, 0.5)];
  for (let ms = 0; ms < 1000; ms += 20) {
    meter.addCommands(1);
    await clock.advance(20);
  }
  for (const { done } of both) t.true(done > 70 && done < 130, `${done} of 2000`);
  for (const steps of both) steps.ended = true;
});

test('a step that waited for a disk is not followed by a pause of its length', async (t) => {
  const { clock, meter, share } = makeShare();
  const steps = work(clock, share, 2000);
  meter.addCommands(1);
  await clock.advance(2000);
  meter.addCommands(1);
  await clock.advance(200 + 2000);
  t.is(steps.done, 2);
  steps.ended = true;
});

/** Slices that take no time. */
function slicesOf(pace: UpkeepPace, isUrgent: () => boolean = () => false) {
  const slices = { done: 0, ended: false };
  void (async () => {
    while (!slices.ended) {
      await pace.giveWay(isUrgent);
      slices.done += 1;
      await flush();
    }
  })();
  return slices;
}

async function sell(clock: ManualClock, meter: SaleMeter, forMs: number): Promise<void> {
  for (let ms = 0; ms < forMs; ms += 50) {
    meter.addCommands(1);
    await clock.advance(50);
  }
}

test('work that can wait waits for the end of a sale', async (t) => {
  const { clock, meter, share } = makeShare();
  meter.addCommands(1);
  const waiting = slicesOf(new UpkeepPace(share));
  await sell(clock, meter, 3000);
  t.is(waiting.done, 0);
  await clock.advance(300);
  t.true(waiting.done > 0);
  waiting.ended = true;
});

test('work that can wait goes on in a sale that lasts, and when too much waits', async (t) => {
  const { clock, meter, share } = makeShare();
  let isUrgent = false;
  meter.addCommands(1);
  const late = slicesOf(new UpkeepPace(share));
  const urgent = slicesOf(new UpkeepPace(share), () => isUrgent);
  await sell(clock, meter, 2000);
  t.is(urgent.done + late.done, 0);
  isUrgent = true;
  await sell(clock, meter, 200);
  t.true(urgent.done > 0);
  t.is(late.done, 0);
  await sell(clock, meter, LIMITS.deferralMsMax);
  t.true(late.done > 0);
  urgent.ended = true;
  late.ended = true;
});

test('the wait for a sale begins anew once nothing was left to do', async (t) => {
  const { clock, meter, share } = makeShare();
  const pace = new UpkeepPace(share);
  meter.addCommands(1);
  const first = slicesOf(pace);
  await sell(clock, meter, LIMITS.deferralMsMax + 200);
  first.ended = true;
  t.true(first.done > 0);
  await clock.advance(1000);
  pace.rest();
  meter.addCommands(1);
  const second = slicesOf(pace);
  await sell(clock, meter, 2000);
  t.is(second.done, 0);
  pace.stop();
  await flush();
  t.true(second.done > 0, 'a stop ends the wait');
  second.ended = true;
  await flush();
  t.is(share.piecesWithWork, 0);
});

test('a meter in another thread reads the same counts', (t) => {
  const meter = new SaleMeter();
  const other = new SaleMeter(meter.shared);
  meter.addCommands(3);
  meter.addBytes(4000);
  t.is(other.commands, 3);
  t.is(other.bytes, 4000);
});

test('work that was told to stop gives everything else its turn until it ends', async (t) => {
  const { share } = makeShare();
  const pace = new UpkeepPace(share);
  pace.begin();
  pace.stop();
  let hadTurn = false;
  setImmediate(() => void (hadTurn = true));
  await pace.pause();
  t.true(hadTurn);
});
