// Rights beside those of a role: a few can be given or taken one by one.
import { roleRights } from '$lib/api/people';
import type { Right, Role } from '$lib/api/types';

/** The rights that are given or taken one by one. */
export const single: readonly Right[] = ['view', 'export', 'hold', 'delete'];

/** Those of the single rights that somebody has. */
export function singleOf(rights: readonly Right[]): Right[] {
  return single.filter((right) => rights.includes(right));
}

/**
 * What to tell the service: all rights of somebody whose single rights are not those of the role; null for those of the role.
 * @param chosen which of the single rights are ticked.
 */
export function ownRights(role: Role, chosen: readonly Right[]): Right[] | null {
  const ofRole = roleRights[role];
  if (singleOf(ofRole).join() === singleOf(chosen).join()) return null;
  return [...ofRole.filter((right) => !single.includes(right)), ...singleOf(chosen)];
}
