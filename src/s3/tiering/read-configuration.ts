/**
 * Intelligent-Tiering configurations as clients put them, checked as S3 checks them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_IntelligentTieringConfiguration.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import type { TieringConfiguration } from '../../engine/tiering/configurations.ts';
import { S3Error } from '../errors.ts';
import { checkConfigurationId } from '../named-configurations.ts';
import { readObjectFilter } from '../object-filters.ts';

const daysMax = 730;
const daysMin: Readonly<Record<S3.IntelligentTieringAccessTier, number>> = {
  ARCHIVE_ACCESS: 90,
  DEEP_ARCHIVE_ACCESS: 180,
};

/** Throws MalformedXML, InvalidArgument, InvalidConfigurationId, InvalidTag. */
export function readTiering(element: S3.IntelligentTieringConfiguration, id: string): TieringConfiguration {
  const { Id, Status, Tierings = [], Filter } = element;
  if (Status === undefined || Tierings.length === 0) throw new S3Error('MalformedXML');
  checkConfigurationId(id);
  if (Id !== id) throw new S3Error('MalformedXML');
  const filter = readObjectFilter(Filter);
  if (filter.prefix === '') {
    throw invalidArgument('Filter Prefix should be set to a valid non-empty value or not set at all.');
  }
  return { id, isEnabled: Status === 'Enabled', filter, tierings: readTierings(Tierings) };
}

function readTierings(elements: readonly S3.Tiering[]): TieringConfiguration['tierings'] {
  const tierings = elements.map(({ AccessTier, Days }) => {
    if (AccessTier === undefined || Days === undefined) throw new S3Error('MalformedXML');
    if (Days < daysMin[AccessTier]) {
      throw invalidArgument(`Days specified in ${AccessTier} tier should not be less than ${daysMin[AccessTier]}.`);
    }
    if (Days > daysMax) {
      throw invalidArgument(`Days specified in ${AccessTier} tier should not be more than ${daysMax}.`);
    }
    return { tier: AccessTier, days: Days };
  });
  const twice = tierings.find(({ tier }, i) => tierings.findIndex((other) => other.tier === tier) < i);
  if (twice !== undefined) {
    throw invalidArgument(
      `All Access Tiers in a configuration must be unique. Found duplicate entry for ${twice.tier}.`,
    );
  }
  const daysOf = (wanted: S3.IntelligentTieringAccessTier) => tierings.find(({ tier }) => tier === wanted)?.days;
  if ((daysOf('DEEP_ARCHIVE_ACCESS') ?? daysMax + 1) <= (daysOf('ARCHIVE_ACCESS') ?? 0)) {
    throw invalidArgument(
      'Days specified in DEEP_ARCHIVE_ACCESS should be greater than days specified in ARCHIVE_ACCESS.',
    );
  }
  return tierings;
}

function invalidArgument(message: string): S3Error {
  return new S3Error('InvalidArgument', { message });
}
