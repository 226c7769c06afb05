// Views that need somebody: visitors log in first, and come back.

import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { user } from '../server.ts';

interface ForUsersProps {
  /** Where one logs in. */
  readonly logIn: string;
  readonly children: ComponentChildren;
}

export function ForUsers({ logIn, children }: ForUsersProps) {
  const { path, route } = useLocation();
  const isVisitor = user.value === null;
  useEffect(() => {
    if (isVisitor) route(`${logIn}?next=${encodeURIComponent(path)}`, true);
  }, [isVisitor]);
  return isVisitor ? null : <>{children}</>;
}
