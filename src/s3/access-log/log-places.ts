/**
 * Where log objects are written, and whose they are: the log delivery account's, which gives them to the owner of their
 * bucket, unless the bucket's Object Ownership makes them its owner's.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general
 */
import type { LoggingConfiguration } from '../../engine/access-log/configuration.ts';
import type { DeliverOptions, LogPlace } from '../../engine/access-log/types.ts';
import { DeliveryRefused } from '../../engine/inventory/types.ts';
import type { Grant } from '../../engine/types.ts';
import { refuseBlockedAcl } from '../acls.ts';
import { S3Error } from '../errors.ts';
import type { FindLogTarget, LogTarget } from './log-targets.ts';

/** Canonical id of the account that writes them at AWS. */
const logDeliveryId = '3272ee65a908a7677109fedda345db8d9554ba26398b2ca10581de88777e2b61';

export function logPlaces(findTarget: FindLogTarget): DeliverOptions['place'] {
  return async ({ source, configuration, key }) => {
    try {
      const target = await findTarget({ source, target: configuration.target, key });
      return { bucket: target.bucket, standing: standingOf(target, configuration) };
    } catch (error) {
      if (!(error instanceof S3Error)) throw error;
      throw new DeliveryRefused(`${configuration.target}: ${error.message}`, { cause: error });
    }
  };
}

function standingOf({ bucket, access }: LogTarget, { grants }: LoggingConfiguration): LogPlace['standing'] {
  const { owner } = bucket;
  if (access.ownership === 'BucketOwnerEnforced') return { owner };
  const full = (id: string): Grant => ({ grantee: { id }, permission: 'FULL_CONTROL' });
  const acl = [full(owner), ...grants];
  refuseBlockedAcl(acl, access.block);
  if (access.ownership === 'BucketOwnerPreferred') return { owner, acl };
  return { owner: logDeliveryId, acl: [full(logDeliveryId), ...acl] };
}
