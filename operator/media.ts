// `livedrops media`: shows a picture or a film of anybody, or removes it.

import type { Media } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';

export interface MediaOptions extends ConnectOptions {
  readonly json?: true;
  readonly reason?: string;
}

export async function showMedia(mediaId: string, options: MediaOptions): Promise<void> {
  const media = await (await connectOperator(options)).media(mediaId);
  write(media, options, mediaText(media));
}

export async function removeMedia(mediaId: string, options: MediaOptions): Promise<void> {
  const media = await (await connectOperator(options)).removeMedia(mediaId, options.reason);
  write(media, options, removedText(media));
}

function write(media: Media, { json }: MediaOptions, text: string): void {
  process.stdout.write(json === true ? `${JSON.stringify(media, null, 2)}\n` : text);
}

export function mediaText({ id, ownerId, purpose, status, bytes, content, reason }: Media): string {
  const lines = [`${id} of ${ownerId}: ${purpose}, ${status}, ${bytes} bytes`];
  if (reason !== undefined) lines.push(reason);
  if (content !== undefined) {
    const { type, width, height, sha256, variants } = content;
    lines.push(`${type}, ${width} x ${height}, SHA-256 ${sha256}`);
    for (const variant of variants) lines.push(variant.url);
  }
  return `${lines.join('\n')}\n`;
}

export function removedText({ id, ownerId, content }: Media): string {
  const removed = `${id} of ${ownerId} is removed\n`;
  if (content === undefined) return removed;
  return (
    `${removed}Its variants are collected within two days, unless somebody else has the same ` +
    `file.\nCaches keep what they have: purge /m/${content.sha256}/ there.\n`
  );
}
