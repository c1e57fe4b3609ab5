/** Owners and initiators as documents show them. */
import type { Identity } from '../iam/identity.ts';

export interface OwnerElement {
  readonly ID: string;
  readonly DisplayName?: string;
}

/** An owner by its canonical id; with its name where it is the one who asks. */
export function ownerElement(identity: Identity, canonicalId: string): OwnerElement {
  return {
    ID: canonicalId,
    ...(identity.canonicalId === canonicalId && { DisplayName: identity.displayName }),
  };
}
