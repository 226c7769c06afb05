// The contents of a snapshot or a sealed drop in Redis: the places of its pieces, as readable text.
// The contents are written last and in one step. A piece counts only once they name it.

import { CorruptError } from '../../ports/journal.ts';
import { fieldsOf, type Place } from './pieces.ts';

export interface SnapshotContents {
  readonly head: Place;
  /** In the order of the snapshot's part names. */
  readonly parts: ReadonlyMap<string, Place>;
}

type StoredPlace = [save: string, first: number, count: number, bytes: number];

interface Stored {
  head: StoredPlace;
  parts: [name: string, place: StoredPlace][];
}

export function encodeContents(contents: SnapshotContents): string {
  const parts = [...contents.parts].map(([name, place]) => [name, storedPlace(place)]);
  return JSON.stringify({ head: storedPlace(contents.head), parts });
}

/** Errors: CorruptError. */
export function decodeContents(text: string, key: string): SnapshotContents {
  const { head, parts } = parse(text, key) as Stored;
  return {
    head: placeOf(head),
    parts: new Map(parts.map(([name, place]) => [name, placeOf(place)])),
  };
}

/** The places of a sealed drop's parts, by name. */
export function encodeParts(parts: ReadonlyMap<string, Place>): string {
  return JSON.stringify({ parts: [...parts].map(([name, place]) => [name, storedPlace(place)]) });
}

export interface SealedPlaces {
  readonly parts: ReadonlyMap<string, Place>;
  /** Of a drop that an earlier release sealed: all of it, and no parts. */
  readonly whole: Place | null;
}

/** Errors: CorruptError. */
export function decodeParts(text: string, key: string): SealedPlaces {
  const stored = parse(text, key) as Pick<Stored, 'parts'> | StoredPlace;
  if (Array.isArray(stored)) return { parts: new Map(), whole: placeOf(stored) };
  const parts = new Map(stored.parts.map(([name, place]) => [name, placeOf(place)]));
  return { parts, whole: null };
}

function parse(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CorruptError(`the contents of ${key} cannot be read`, { cause: error });
  }
}

/** The fields of all pieces; empty without a snapshot. */
export function fieldsOfContents(contents: SnapshotContents | null): Set<string> {
  if (contents === null) return new Set();
  return new Set([contents.head, ...contents.parts.values()].flatMap(fieldsOf));
}

function storedPlace({ save, first, count, bytes }: Place): StoredPlace {
  return [save, first, count, bytes];
}

function placeOf([save, first, count, bytes]: StoredPlace): Place {
  return { save, first, count, bytes };
}
