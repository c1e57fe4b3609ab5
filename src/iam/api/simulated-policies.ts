/** The policies of a user, group or role with the names under which the policy simulator tells of them. */
import type { AccountView } from '../account-view.ts';
import { IamError } from '../errors.ts';
import { entityArn, parseIamArn } from '../names.ts';
import { defaultDocument, findPolicy } from '../policy-lookup.ts';
import type { PolicyHolder } from '../records.ts';
import { missing, requireGroup, requireRole, requireUser } from './entities.ts';

export interface SimulatedPolicy {
  readonly id: string;
  readonly type: 'user' | 'group' | 'role' | 'aws-managed' | 'user-managed' | 'resource' | 'none';
  /** JSON. */
  readonly document: string;
}

export interface HeldPolicies {
  readonly identity: readonly SimulatedPolicy[];
  /** Absent without a boundary. */
  readonly boundary?: readonly SimulatedPolicy[];
}

/** A user's with those of its groups. Throws NoSuchEntity, and InvalidInput for an ARN of anything else. */
export function simulatedPoliciesOf(view: AccountView, arn: string): HeldPolicies {
  const { accountId, resource = '' } = parseIamArn(arn) ?? {};
  const [kind, ...path] = resource.split('/');
  const name = path.at(-1) ?? '';
  if (accountId !== view.account.id || path.length === 0) throw notASource(arn);
  if (kind === 'group') return { identity: held(view, 'group', named(view, 'group', requireGroup(view, name), arn)) };
  if (kind === 'role') {
    const role = named(view, 'role', requireRole(view, name), arn);
    return { identity: held(view, 'role', role), ...boundaryOf(view, role) };
  }
  if (kind !== 'user') throw notASource(arn);
  const user = named(view, 'user', requireUser(view, name), arn);
  const groups = user.groups.flatMap((key) => view.groups.get(key) ?? []);
  const identity = [...held(view, 'user', user), ...groups.flatMap((group) => held(view, 'group', group))];
  return { identity, ...boundaryOf(view, user) };
}

function notASource(arn: string): IamError {
  return new IamError('InvalidInput', `${arn} is no ARN of a user, group or role of this account.`);
}

/** What was found by its name, if the ARN names it with its path too. */
function named<T extends PolicyHolder>(view: AccountView, kind: 'user' | 'group' | 'role', found: T, arn: string): T {
  if (entityArn(view.account.id, kind, found) === arn) return found;
  return missing(`The ${kind} with ARN ${arn} cannot be found.`);
}

function held(view: AccountView, kind: 'user' | 'group' | 'role', holder: PolicyHolder): readonly SimulatedPolicy[] {
  return [
    ...Object.entries(holder.inline).map(([name, document]) => {
      return { id: `${kind}_${holder.name}_${name}`, type: kind, document };
    }),
    ...holder.attached.flatMap((arn) => managed(view, arn)),
  ];
}

function managed(view: AccountView, arn: string): readonly SimulatedPolicy[] {
  const policy = findPolicy(view, arn);
  if (policy === undefined) return [];
  const type = arn.startsWith('arn:aws:iam::aws:') ? 'aws-managed' : 'user-managed';
  return [{ id: policy.name, type, document: defaultDocument(policy) }];
}

function boundaryOf(view: AccountView, { boundary }: { readonly boundary?: string }): Pick<HeldPolicies, 'boundary'> {
  return boundary === undefined ? {} : { boundary: managed(view, boundary) };
}
