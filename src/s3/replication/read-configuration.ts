/**
 * Replication configurations as clients put them, checked as S3 checks them, in its words where these are known.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import type { ReplicationConfiguration, ReplicationRule } from '../../engine/replication/configuration.ts';
import { randomBase64 } from '../../lib/ids.ts';
import { S3Error } from '../errors.ts';
import { invalidArgument, invalidRequest } from '../lifecycle/refusals.ts';
import { readDestination } from './read-destination.ts';
import { readFilter } from './read-filter.ts';

const rulesMax = 1000;
const idLengthMax = 255;
const idBytes = 36;
const priorityMax = 2_147_483_647;
const iamForm = /^arn:aws:iam::\d{12}:./;
const roleForm = /^arn:aws:iam::\d{12}:role\/./;

/** Throws MalformedXML, InvalidArgument, InvalidRequest, InvalidStorageClass, InvalidTag. */
export function readConfiguration({ Role, Rules }: S3.ReplicationConfiguration): ReplicationConfiguration {
  if (Role === undefined || Rules === undefined) throw new S3Error('MalformedXML');
  if (Rules.length === 0 || Rules.length > rulesMax) throw new S3Error('MalformedXML');
  checkRole(Role);
  // One rule of the old form makes all of them such rules.
  const isOld = Rules.some(({ Filter }) => Filter === undefined);
  const rules = Rules.map((element) => readRule(element, { isOld }));
  checkTogether(rules);
  return { role: Role, rules };
}

function checkRole(Role: string): void {
  if (!iamForm.test(Role)) throw invalidArgument('Invalid Role specified in replication configuration', { Role });
  if (!roleForm.test(Role)) throw invalidArgument('The relative id should start with role', { Role });
}

function readRule(element: S3.ReplicationRule, { isOld }: { readonly isOld: boolean }): ReplicationRule {
  const { ID, Status, Priority, SourceSelectionCriteria, ExistingObjectReplication, DeleteMarkerReplication } = element;
  if (ID !== undefined && ID.length > idLengthMax) {
    throw invalidArgument(`Rule Id cannot be greater than ${idLengthMax}`, { ID });
  }
  if (element.Destination === undefined) throw new S3Error('MalformedXML');
  const filter = readFilter(element);
  const markers = DeleteMarkerReplication && isEnabled(DeleteMarkerReplication.Status);
  checkForm({ Priority, DeleteMarkerReplication }, { isOld });
  if (markers && filter.tags.length > 0) {
    throw invalidRequest(
      'Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.',
    );
  }
  const { SseKmsEncryptedObjects: kmsObjects, ReplicaModifications: modifications } = SourceSelectionCriteria ?? {};
  if (SourceSelectionCriteria !== undefined && kmsObjects === undefined && modifications === undefined) {
    throw invalidRequest('SourceSelectionCriteria cannot be empty.');
  }
  return {
    // As S3 does for rules without a name.
    id: ID || randomBase64(idBytes),
    isEnabled: isEnabled(Status),
    ...filter,
    ...(Priority !== undefined && { priority: Priority }),
    ...(markers !== undefined && { markers }),
    ...(ExistingObjectReplication !== undefined && { existing: isEnabled(ExistingObjectReplication.Status) }),
    ...(modifications !== undefined && { replicaModifications: isEnabled(modifications.Status) }),
    ...(kmsObjects !== undefined && { kmsObjects: isEnabled(kmsObjects.Status) }),
    destination: readDestination(element.Destination, { namesKmsObjects: kmsObjects !== undefined }),
  };
}

function isEnabled(status: string | undefined): boolean {
  if (status === undefined) throw new S3Error('MalformedXML');
  return status === 'Enabled';
}

/** What goes with `Filter`, and only with it. */
function checkForm(given: Readonly<Record<string, unknown>>, { isOld }: { readonly isOld: boolean }): void {
  for (const [name, value] of Object.entries(given)) {
    if ((value !== undefined) === !isOld) continue;
    const what = isOld ? 'cannot be used' : 'must be specified';
    throw invalidRequest(
      `${name} ${what} for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.`,
    );
  }
}

function checkTogether(rules: readonly ReplicationRule[]): void {
  const ids = rules.map(({ id }) => id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw invalidArgument('Rule Id must be unique', { ID: twice });
  const priorities = rules.flatMap(({ priority }) => priority ?? []);
  if (priorities.some((priority) => priority < 0 || priority > priorityMax)) {
    throw invalidRequest(`Priority must be between 0 and ${priorityMax}.`);
  }
  const equal = priorities.find((priority, at) => priorities.indexOf(priority) !== at);
  if (equal !== undefined) throw invalidRequest(`Found duplicate priority ${equal}.`);
  checkPrefixes(rules);
}

/** In the old form, which has no priorities, no key may have two rules. */
function checkPrefixes(rules: readonly ReplicationRule[]): void {
  const prefixes = rules.flatMap(({ form, prefix = '' }) => (form === 'prefix' ? [prefix] : [])).toSorted();
  const at = prefixes.findIndex((prefix, i) => prefixes[i + 1]?.startsWith(prefix));
  if (at < 0) return;
  throw invalidRequest(`Found overlapping prefixes '${prefixes[at]}' and '${prefixes[at + 1]}'`);
}
