// Why an upload is refused, and as which problem its client is told.

import type { ProblemCode } from '../../contracts/refusals.ts';
import type { BackendReply } from '../media-backend.ts';
import { HeaderError } from './upload-headers.ts';

/** Refused by this process; the codes are those of `contracts/refusals.ts`. */
export class UploadRefusal extends Error {
  readonly code: ProblemCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }
}

/** A reply of the process behind, which the client gets as it is. */
export class BackendRefusal extends Error {
  readonly reply: BackendReply;

  constructor(reply: BackendReply) {
    super(`the process behind answered ${reply.status}`);
    this.reply = reply;
  }
}

/** `internal` for defects. */
export function refusalOf(error: Error): readonly [ProblemCode, Readonly<Record<string, string>>?] {
  if (error instanceof UploadRefusal) return [error.code, error.headers];
  if (error instanceof HeaderError) return ['invalid-request'];
  switch ((error as { code?: unknown }).code) {
    case 'upload-locked':
    case 'checksum-mismatch':
      return [(error as { code: ProblemCode } & Error).code];
    // Somebody else wrote there since the offset was read.
    case 'conflict':
      return ['upload-locked'];
    case 'too-large':
      return ['media-too-large'];
    case 'store-unavailable':
      return ['unavailable'];
    default:
      return ['internal'];
  }
}
