// Views that need somebody: visitors log in first, and come back.

import { type ComponentChildren, Fragment } from 'preact';
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
  const userId = user.value?.id;
  const isVisitor = userId === undefined;
  useEffect(() => {
    if (isVisitor) route(`${logIn}?next=${encodeURIComponent(path)}`, true);
  }, [isVisitor]);
  // What one user saw is not for the next one.
  return isVisitor ? null : <Fragment key={userId}>{children}</Fragment>;
}
