/** Checksums as members of inputs and outputs: one member for each algorithm, `Checksum` and its name. */
import type { Checksum, ChecksumAlgorithm } from '../engine/types.ts';
import { checksumAlgorithms } from '../lib/digests/algorithms.ts';

export type ChecksumMember = `Checksum${ChecksumAlgorithm}`;
export type ChecksumMembers = { [M in ChecksumMember]?: string | undefined };
export type TypedChecksumMembers = ChecksumMembers & { ChecksumType?: Checksum['type'] };

/** Members of an input that carry the digest of a body, for an operation's `supports`. */
export const checksumInputs = [
  'ChecksumAlgorithm',
  'ChecksumCRC32',
  'ChecksumCRC32C',
  'ChecksumCRC64NVME',
  'ChecksumSHA1',
  'ChecksumSHA256',
  'ChecksumSHA512',
  'ChecksumMD5',
  'ChecksumXXHASH64',
  'ChecksumXXHASH3',
  'ChecksumXXHASH128',
] as const;

const trailerPrefix = 'x-amz-checksum-';

/** The member that shows a stored checksum; none if there is none. */
export function checksumMembers(checksum: Checksum | undefined): ChecksumMembers {
  return checksum === undefined ? {} : { [`Checksum${checksum.algorithm}`]: checksum.value };
}

/** The same with the checksum's type. */
export function typedChecksumMembers(checksum: Checksum | undefined): TypedChecksumMembers {
  return checksum === undefined ? {} : { ...checksumMembers(checksum), ChecksumType: checksum.type };
}

/** ChecksumAlgorithm and ChecksumType as entries of listings show them. */
export function listedChecksum(checksum: Checksum | undefined): {
  ChecksumAlgorithm?: ChecksumAlgorithm[];
  ChecksumType?: Checksum['type'];
} {
  const algorithm = storedAlgorithm(checksum?.algorithm);
  if (checksum === undefined || algorithm === undefined) return {};
  return { ChecksumAlgorithm: [algorithm], ChecksumType: checksum.type };
}

/** The digests that an input carries, by algorithm. */
export function givenChecksums(members: ChecksumMembers): { algorithm: ChecksumAlgorithm; value: string }[] {
  return checksumAlgorithms.flatMap((algorithm) => {
    const value = members[`Checksum${algorithm}`];
    return value === undefined ? [] : [{ algorithm, value }];
  });
}

/** An algorithm by the name that the index keeps; undefined if this version does not know it. */
export function storedAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  return checksumAlgorithms.find((algorithm) => algorithm === name);
}

/** The algorithm a client has chosen for its body, by whichever of the three ways; undefined if it has chosen none. */
export function chosenAlgorithm(
  input: ChecksumMembers & { readonly ChecksumAlgorithm?: ChecksumAlgorithm | undefined },
  trailers: string | undefined,
): ChecksumAlgorithm | undefined {
  const [given] = givenChecksums(input);
  return input.ChecksumAlgorithm ?? given?.algorithm ?? announcedAlgorithm(trailers);
}

/** The algorithm of the digest that comes behind a body, as `x-amz-trailer` says. */
export function announcedAlgorithm(trailers: string | undefined): ChecksumAlgorithm | undefined {
  const names = trailers?.split(',').map((name) => name.trim().toLowerCase()) ?? [];
  const trailer = names.find((name) => name.startsWith(trailerPrefix));
  return storedAlgorithm(trailer?.slice(trailerPrefix.length).toUpperCase());
}
