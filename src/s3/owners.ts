/** Owners and initiators as documents show them. */

export interface OwnerElement {
  readonly ID: string;
  readonly DisplayName?: string;
}

/** Display name of an account by its canonical id; undefined for one that is not known here. */
export type NameOf = (canonicalId: string) => string | undefined;

/** An owner by its canonical id, with its name where that is known. */
export function ownerElement(nameOf: NameOf, canonicalId: string): OwnerElement {
  const name = nameOf(canonicalId);
  return name === undefined ? { ID: canonicalId } : { ID: canonicalId, DisplayName: name };
}
