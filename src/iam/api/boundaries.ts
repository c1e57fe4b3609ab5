/** Permissions boundaries. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html */
import type { AccountView } from '../account-view.ts';
import { findPolicy } from '../policy-lookup.ts';
import { changing } from './action.ts';
import { missing, requireRole, requireUser } from './entities.ts';

/** The member of a record for the policy that an ARN names. */
export function boundaryOf(view: AccountView, arn: string | undefined): { boundary?: string } {
  if (arn === undefined) return {};
  if (findPolicy(view, arn) === undefined) missing(`Scope ARN: ${arn} does not exist or is not attachable.`);
  return { boundary: arn };
}

function withoutBoundary<T extends { readonly boundary?: string }>({ boundary, ...rest }: T): Omit<T, 'boundary'> {
  if (boundary === undefined) missing('The permissions boundary cannot be found.');
  return rest;
}

export const boundaryActions = [
  changing({
    name: 'PutUserPermissionsBoundary',
    supports: ['UserName', 'PermissionsBoundary'],
    run({ view }, { UserName, PermissionsBoundary }) {
      const user = requireUser(view, UserName);
      view.users.put(user.name, { ...user, ...boundaryOf(view, PermissionsBoundary) });
      return {};
    },
  }),
  changing({
    name: 'DeleteUserPermissionsBoundary',
    supports: ['UserName'],
    run({ view }, { UserName }) {
      const user = requireUser(view, UserName);
      view.users.put(user.name, withoutBoundary(user));
      return {};
    },
  }),
  changing({
    name: 'PutRolePermissionsBoundary',
    supports: ['RoleName', 'PermissionsBoundary'],
    run({ view }, { RoleName, PermissionsBoundary }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, { ...role, ...boundaryOf(view, PermissionsBoundary) });
      return {};
    },
  }),
  changing({
    name: 'DeleteRolePermissionsBoundary',
    supports: ['RoleName'],
    run({ view }, { RoleName }) {
      const role = requireRole(view, RoleName);
      view.roles.put(role.name, withoutBoundary(role));
      return {};
    },
  }),
];
