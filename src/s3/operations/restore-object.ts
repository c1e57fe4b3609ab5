/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html */
import type * as S3 from '@aws-sdk/client-s3';
import type { RestoreTier } from '../../engine/types.ts';
import { S3Error } from '../errors.ts';
import { checkObjectAddress } from '../object-address.ts';
import { operation } from '../operation.ts';

const daysMax = 2_147_483_647;

export const restoreObject = operation({
  name: 'RestoreObject',
  supports: ['ChecksumAlgorithm', 'RestoreRequest', 'VersionId'],
  async run(request, input) {
    checkObjectAddress(input);
    const asked = readRequest(input.RestoreRequest);
    const outcome = await request.engine.archives.restore({
      bucket: request.bucket(),
      key: input.Key,
      versionId: input.VersionId,
      ...asked,
      cause: request.cause(),
    });
    return { status: outcome === 'begun' ? 202 : 200, output: {} };
  },
});

/** Throws MalformedXML, InvalidArgument, and NotImplemented for a query of an archive. */
function readRequest(element: S3.RestoreRequest | undefined): { days: number | undefined; tier: RestoreTier } {
  if (element === undefined) throw new S3Error('MalformedXML');
  const { Days, Tier, GlacierJobParameters, Type, SelectParameters, OutputLocation, Description } = element;
  if (Type !== undefined || (SelectParameters ?? OutputLocation ?? Description) !== undefined) {
    throw new S3Error('NotImplemented', { message: 'Queries of archived objects (SELECT) are not implemented' });
  }
  if (Days !== undefined && Days > daysMax) throw new S3Error('MalformedXML');
  if (Days !== undefined && Days < 1) {
    throw new S3Error('InvalidArgument', {
      message: "'Days' must be a positive integer",
      fields: { ArgumentName: 'Days', ArgumentValue: String(Days) },
    });
  }
  if (Tier !== undefined && GlacierJobParameters !== undefined) throw new S3Error('MalformedXML');
  return { days: Days, tier: Tier ?? GlacierJobParameters?.Tier ?? 'Standard' };
}
