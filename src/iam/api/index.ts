/** Every action of IAM that there is a function for. */

import { accessKeyActions } from './access-keys.ts';
import { accountActions } from './account.ts';
import type { Action } from './action.ts';
import { attachedPolicyActions } from './attached-policies.ts';
import { boundaryActions } from './boundaries.ts';
import { groupActions } from './groups.ts';
import { inlinePolicyActions } from './inline-policies.ts';
import { instanceProfileActions } from './instance-profiles.ts';
import { oidcProviderActions } from './oidc-providers.ts';
import { policyActions } from './policies.ts';
import { reportActions } from './reports.ts';
import { roleActions } from './roles.ts';
import { simulationActions } from './simulation.ts';
import { tagActions } from './tags.ts';
import { userActions } from './users.ts';

const all: readonly Action[] = [
  ...userActions,
  ...accessKeyActions,
  ...groupActions,
  ...roleActions,
  ...policyActions,
  ...inlinePolicyActions,
  ...attachedPolicyActions,
  ...boundaryActions,
  ...tagActions,
  ...oidcProviderActions,
  ...instanceProfileActions,
  ...simulationActions,
  ...accountActions,
  ...reportActions,
];

/** By name. Input and output of each are those of its own model, which the decoder and encoder go by. */
export const iamActions: ReadonlyMap<string, Action> = new Map(all.map((action) => [action.name, action]));
