// The ledger as operators and buyers see it (L1): its state, its parts, and proofs. Hashes and
// leaves are base64; what they are made of is in docs/LEDGER.md.

import { Type } from 'typebox';
import { LEDGER_FINDING_LENGTH_MAX, LEDGER_FINDINGS_MAX, LEDGER_LEAVES_MAX } from './bounds.ts';
import { ID, USER_ID } from './patterns.ts';
import type { Plain } from './plain.ts';
import { count, STRICT, time } from './scalars.ts';
import { absentIfNull, wire } from './wire.ts';

const bytes = Type.String({ description: 'base64' });
const treeName = Type.String({
  pattern: '^(?:heads|audit|shard-(?:0|[1-9][0-9]{0,3}))$',
  examples: ['heads', 'audit', 'shard-3'],
});
/** In a query, which has texts. */
const number = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const signedNote = Type.String({ description: 'a signed checkpoint (C2SP, tlog-checkpoint)' });

export const LedgerKeyRow = Type.Object(
  {
    keyId: Type.String(),
    verifierKey: Type.String({ description: 'for verifiers (C2SP, signed-note)' }),
    createdAt: time,
    isPresent: Type.Boolean({ description: 'the newest; the others sign beside it' }),
  },
  { title: 'LedgerKey' },
);
export type LedgerKeyRow = Plain<typeof LedgerKeyRow>;

export const LedgerTree = Type.Object(
  {
    name: Type.String(),
    first: Type.Integer({
      minimum: 0,
      description: 'the number of its first leaf: the sequence of an entry, the id of an action',
    }),
    size: count,
  },
  { title: 'LedgerTree' },
);

/** What a comparison with journals and audit log found (`livedrops ledger verify`). */
export const LedgerCheck = Type.Object(
  {
    leaves: count,
    erased: Type.Integer({ minimum: 0, description: 'leaves about deleted accounts' }),
    removed: Type.Integer({ minimum: 0, description: 'leaves of what is past retention' }),
    findings: Type.Array(Type.String({ maxLength: LEDGER_FINDING_LENGTH_MAX }), {
      maxItems: LEDGER_FINDINGS_MAX,
      description: 'a sentence for each thing that does not agree',
    }),
  },
  { ...STRICT, title: 'LedgerCheck' },
);
export type LedgerCheck = Plain<typeof LedgerCheck>;

export const LedgerVerification = Type.Object(
  {
    ...LedgerCheck.properties,
    /** When a server was told of it. */
    at: time,
    by: Type.String({ description: 'the operator whose command compared it' }),
  },
  { title: 'LedgerVerification' },
);
export type LedgerVerification = Plain<typeof LedgerVerification>;

export const LedgerStatus = Type.Object(
  {
    origin: Type.String({ description: 'names this ledger' }),
    size: Type.Integer({ minimum: 0, description: 'leaves of `heads` that are signed' }),
    signedAt: time,
    checkpoint: signedNote,
    keys: Type.Array(LedgerKeyRow),
    trees: Type.Array(LedgerTree),
    behind: Type.Integer({
      minimum: 0,
      description: 'journal entries and actions that are in no checkpoint yet',
    }),
    /** The last one that was told. */
    verified: absentIfNull(LedgerVerification),
  },
  { title: 'LedgerStatus' },
);
export type LedgerStatus = Plain<typeof LedgerStatus>;

export const LedgerKeyRotation = Type.Object(
  {
    after: Type.String({
      pattern: ID,
      description: 'the present key, after which a new one is made; the same again makes no other',
    }),
  },
  { ...STRICT, title: 'LedgerKeyRotation' },
);

export const LedgerTileQuery = Type.Object(
  {
    tree: treeName,
    path: Type.String({
      maxLength: 64,
      description: 'of the tile (C2SP, tlog-tiles)',
      examples: ['tile/0/000', 'tile/entries/x001/234.p/17'],
    }),
  },
  STRICT,
);

export const LedgerLeavesQuery = Type.Object(
  {
    tree: treeName,
    from: number,
    limit: Type.Integer({ minimum: 1, maximum: LEDGER_LEAVES_MAX, default: LEDGER_LEAVES_MAX }),
  },
  STRICT,
);
export const LedgerLeaves = Type.Object({ leaves: Type.Array(bytes) }, { title: 'LedgerLeaves' });
export type LedgerLeaves = Plain<typeof LedgerLeaves>;

export const LedgerEdgeQuery = Type.Object({ tree: treeName, size: number }, STRICT);
export const LedgerEdge = Type.Object(
  {
    hashes: Type.Array(bytes, {
      description:
        'the roots of the perfect subtrees that the tree has at that size, from the left',
    }),
  },
  { title: 'LedgerEdge' },
);
export type LedgerEdge = Plain<typeof LedgerEdge>;

export const LedgerProofQuery = Type.Object(
  {
    tree: Type.Optional(treeName),
    number: Type.Optional(number),
    order: Type.Optional(Type.String({ pattern: ID, description: 'instead of tree and number' })),
    buyer: Type.Optional(Type.String({ pattern: USER_ID, description: 'of the order' })),
  },
  STRICT,
);

const InclusionProof = Type.Object(
  { index: count, size: count, leaf: bytes, path: Type.Array(bytes) },
  { title: 'InclusionProof' },
);

export const LedgerProof = Type.Object(
  {
    checkpoint: signedNote,
    tree: Type.String(),
    number: count,
    /** Of the leaf in its tree. */
    inclusion: InclusionProof,
    /** Of the leaf of `heads` that has the tree at that size. */
    head: InclusionProof,
  },
  { title: 'LedgerProof' },
);
export type LedgerProof = Plain<typeof LedgerProof>;

export const LedgerConsistencyQuery = Type.Object(
  { from: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }) },
  STRICT,
);
export const LedgerConsistency = Type.Object(
  {
    checkpoint: signedNote,
    olderSize: count,
    size: count,
    olderRoot: bytes,
    path: Type.Array(bytes),
  },
  { title: 'LedgerConsistency' },
);
export type LedgerConsistency = Plain<typeof LedgerConsistency>;

export const LedgerStatusBody = wire(LedgerStatus);
