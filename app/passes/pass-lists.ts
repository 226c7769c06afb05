// Many passes of a drop, written to a file by a job (D9): for anybody, for users by name, or for
// all followers since a time. Each step writes one part. A step that comes again takes the same
// serials, and only one of both parts is in the file.

import type { CommandRouter } from '../../actors/command-router.ts';
import { turnOfOthers } from '../../actors/shard/recovery.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import type { Job } from '../../contracts/jobs.ts';
import type { NewPassList } from '../../contracts/passes.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal } from '../../domain/refusal.ts';
import type { JobHandler } from '../../events/jobs/job-handler.ts';
import type { JobStep } from '../../events/jobs/job.ts';
import type { ExportFiles } from '../../storage/ports/export-files.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { FollowStore } from '../../storage/ports/follows.ts';
import {
  type ExportParams,
  type FileCursor,
  PASSES_KIND,
  withNextPart,
} from '../jobs/export-cursor.ts';
import type { ExportSpace } from '../jobs/export-space.ts';
import { checkRoom, noPlace, refuseWithoutRoom } from '../jobs/export-room.ts';
import { addKeyedJob, type KeyedJobsOptions } from '../jobs/keyed-job.ts';
import {
  makePasses,
  type PassBatch,
  passBatch,
  passLines,
  passListHead,
  type PassReceiver,
  randomSerial,
} from './pass-batch.ts';
import type { PassTexts } from './pass-texts.ts';
import { PASSES_LEVEL, refuseFrom, refuseMaker } from './passes.ts';

/** Of one step: some 200 KB of text. */
const PASSES_PER_STEP = 4_096;
/** Made, or read of the followers, without a pause: some 3 ms. */
const PASSES_PER_SLICE = 512;

/** Where there is no place for files. */
export const MAKE_A_FEW = 'make a few passes at a time';

/** The params of a job. */
export interface PassListParams extends ExportParams {
  readonly batch: PassBatch;
  readonly creatorId: string;
  /** So many for anybody, or one for each of these users, or for each follower since a time. */
  readonly count: number | null;
  readonly userIds: readonly string[] | null;
  readonly followersSince: number | null;
}

export interface PassListCursor extends FileCursor {
  readonly passes: number;
  /** Where the list of followers goes on; null at its beginning. */
  readonly followers: string | null;
}

interface Receivers {
  readonly receivers: readonly PassReceiver[];
  readonly followers: string | null;
  readonly isLast: boolean;
}

export interface PassListsOptions extends KeyedJobsOptions {
  readonly router: CommandRouter;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Null: there is no secret for passes. */
  readonly passTexts: PassTexts | null;
  /** Null: there is no place for files. */
  readonly exportSpace: ExportSpace | null;
}

export class PassLists {
  readonly #options: PassListsOptions;

  constructor(options: PassListsOptions) {
    this.#options = options;
  }

  /**
   * Queues the job. `unavailable` below feature level 4, without a secret for passes and without a
   * place for files; `too-many` and `overloaded` where there is no room.
   */
  async request({
    caller,
    dropId,
    wanted,
    request,
  }: ActionParams<'jobs.makePasses'>): Promise<Outcome<Job>> {
    const { router, levels, passTexts, exportSpace, random } = this.#options;
    const wrong = refuseReceivers(wanted) ?? refuseFrom(wanted);
    if (wrong !== null) return wrong;
    if (passTexts === null || levels.reached() < PASSES_LEVEL) return refusal('unavailable');
    if (exportSpace === null) return noPlace(MAKE_A_FEW);
    const drop = await router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    const refused =
      refuseMaker(caller, drop.value, 'jobs.makePasses') ??
      (await refuseWithoutRoom(exportSpace, caller.userId));
    if (refused !== null) return refused;
    const { count = null, userIds = null, followersSince = null, format = 'csv' } = wanted;
    const batch = passBatch(dropId, randomSerial(random), wanted);
    const { creatorId } = drop.value;
    const params: PassListParams = { format, batch, creatorId, count, userIds, followersSince };
    const total = count ?? userIds?.length ?? null;
    const job = {
      kind: PASSES_KIND,
      callerId: caller.userId,
      subject: dropId,
      params,
      total,
    } as const;
    return await addKeyedJob(this.#options, job, request);
  }
}

function refuseReceivers({ count, userIds, followersSince }: NewPassList) {
  if (Number.isNaN(followersSince))
    return refusal('invalid-request', 'followersSince: is not a time.');
  const given = [count, userIds, followersSince].filter((one) => one !== undefined);
  return given.length === 1
    ? null
    : refusal('invalid-request', 'One of count, userIds and followersSince must be given.');
}

export interface PassListsHandlerOptions {
  readonly passTexts: PassTexts;
  readonly follows: Pick<FollowStore, 'listFollowers'>;
  readonly files: ExportFiles;
  readonly space: ExportSpace;
}

export class PassListsHandler implements JobHandler {
  readonly kind = PASSES_KIND;
  readonly concurrency = 1;
  readonly #options: PassListsHandlerOptions;

  constructor(options: PassListsHandlerOptions) {
    this.#options = options;
  }

  async step(job: Job): Promise<JobStep> {
    const { passTexts, files, space } = this.#options;
    const params = job.params as PassListParams;
    const { format, batch } = params;
    const before = cursorOf(job);
    await checkRoom(space, job, before);
    const { receivers, followers, isLast } = await this.#receivers(params, before);
    let text = before.passes === 0 ? passListHead(format) : '';
    for (let at = 0; at < receivers.length; at += PASSES_PER_SLICE) {
      const slice = receivers.slice(at, at + PASSES_PER_SLICE);
      text += passLines(format, makePasses(passTexts, batch, before.passes + at, slice));
      await turnOfOthers();
    }
    const bytes = Buffer.from(text);
    const { name, parts } = withNextPart(before.parts, job.token);
    await files.write(job.id, name, bytes);
    space.added(bytes.length);
    const passes = before.passes + receivers.length;
    const cursor: PassListCursor = { passes, followers, bytes: before.bytes + bytes.length, parts };
    const left = isLast ? 0 : params.count === null ? null : params.count - passes;
    return {
      cursor: JSON.stringify(cursor),
      progress: { done: passes, refused: {}, left },
      isLast,
    };
  }

  async #receivers(
    { count, userIds, followersSince, creatorId }: PassListParams,
    { passes, followers }: PassListCursor,
  ): Promise<Receivers> {
    if (followersSince !== null) return await this.#followers(creatorId, followersSince, followers);
    const end = Math.min(passes + PASSES_PER_STEP, count ?? userIds!.length);
    const receivers: readonly PassReceiver[] =
      userIds === null
        ? Array.from({ length: end - passes }, (): PassReceiver => null)
        : userIds.slice(passes, end);
    return { receivers, followers, isLast: end === (count ?? userIds!.length) };
  }

  /** The followers come newest first, so the first one from before `since` is the end. */
  async #followers(creatorId: string, since: number, from: string | null): Promise<Receivers> {
    const { follows } = this.#options;
    const receivers: string[] = [];
    let cursor = from;
    while (receivers.length < PASSES_PER_STEP) {
      const page = await follows.listFollowers(creatorId, { limit: PASSES_PER_SLICE, cursor });
      for (const follow of page.items) {
        if (follow.since < since) return { receivers, followers: cursor, isLast: true };
        receivers.push(follow.userId);
      }
      cursor = page.nextCursor;
      if (cursor === null) return { receivers, followers: null, isLast: true };
    }
    return { receivers, followers: cursor, isLast: false };
  }
}

function cursorOf({ cursor }: Job): PassListCursor {
  if (cursor !== null) return JSON.parse(cursor) as PassListCursor;
  return { passes: 0, followers: null, bytes: 0, parts: [] };
}
