// Reads users from their hashes on Redis.

import type { User } from '../../ports/accounts.ts';
import { answerOf, type RedisConnection } from '../connection/connection.ts';

export interface StoredUser {
  readonly user: User;
  /** Rises with each change; 0 for a user written at level 0. */
  readonly revision: number;
  /** The roles as stored, for comparison. */
  readonly rolesText: string;
}

/** In the order of the keys. One command for each key: at level 0 each has a slot of its own. */
export async function usersAt(
  redis: RedisConnection,
  keys: readonly string[],
): Promise<(StoredUser | null)[]> {
  const found = await Promise.all(keys.map((key) => answerOf(redis.hgetall(key))));
  return found.map(storedUserOf);
}

function storedUserOf(fields: Record<string, string>): StoredUser | null {
  const { id, email, name, passwordHash, roles, createdAt, revision, credentials } = fields;
  const { emailConfirmed, language, avatarMediaId } = fields;
  // No hash at all, or the mark of a registration that was abandoned.
  if (id === undefined) return null;
  const user = {
    id,
    email: email!,
    name: name!,
    passwordHash: passwordHash!,
    roles: JSON.parse(roles!) as string[],
    createdAt: Number(createdAt),
    ...(credentials !== undefined && { credentials: Number(credentials) }),
    ...(emailConfirmed !== undefined && { emailConfirmed: true as const }),
    ...(language === 'de' && { language: 'de' as const }),
    ...(avatarMediaId !== undefined && { avatarMediaId }),
  };
  return { user, revision: Number(revision ?? 0), rolesText: roles! };
}
