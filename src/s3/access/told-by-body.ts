/** The operations that are authorised only when their body has been read, and what conditions may ask of it. */
import type { InputOf, OperationName } from '../model/types.ts';
import type { TagElement } from '../tagging.ts';
import type { AccessRequest } from './gate.ts';

type Told = NonNullable<AccessRequest['told']>;
type Tell = { readonly [N in OperationName]?: (input: InputOf<N>) => Told | undefined };

const tell: Tell = {
  CreateBucket: ({ CreateBucketConfiguration: { LocationConstraint, Tags } = {} }) => ({
    locationConstraint: LocationConstraint,
    ...(Tags !== undefined && tagsTold(Tags)),
  }),
  // Of each key by itself, in the operation.
  DeleteObjects: () => undefined,
  PutObjectLegalHold: ({ LegalHold }) => ({ lock: { legalHold: LegalHold?.Status } }),
  PutObjectRetention: ({ Retention }) => ({
    lock: { mode: Retention?.Mode, retainUntil: Retention?.RetainUntilDate?.toISOString() },
  }),
  PutObjectTagging: ({ Tagging }) => tagsTold(Tagging.TagSet),
  TagResource: ({ Tags }) => tagsTold(Tags),
  UpdateObjectEncryption: ({ ObjectEncryption }) => ({ kmsKeyId: ObjectEncryption.SSEKMS?.KMSKeyArn }),
  UntagResource: ({ TagKeys }) => ({ tagKeys: TagKeys }),
};

/**
 * Undefined for an operation whose body says nothing that counts. The function is for the input of that operation, and
 * answers nothing where the operation asks for itself.
 */
export function tellerOf(name: OperationName): ((input: InputOf<OperationName>) => Told | undefined) | undefined {
  return tell[name] as ((input: InputOf<OperationName>) => Told | undefined) | undefined;
}

function tagsTold(elements: readonly TagElement[]): Told {
  return { requestTags: elements.map(({ Key, Value }) => ({ key: Key, value: Value })) };
}
