/** Attributes of topics. https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
import { IamError } from '../iam/errors.ts';
import { PolicyFault } from '../iam/policy/policy-fault.ts';
import type { TopicRecord } from '../iam/records.ts';
import { invalidParameter, type Topics } from './action.ts';
import { readTopicDelivery } from './delivery-policy.ts';
import { readTopicPolicy } from './topic-policy.ts';

const displayNameMax = 100;
const policyBytesMax = 30_720;
/** Attributes that AWS has beyond ours. */
const attributeOfAws =
  /^(FifoTopic|ContentBasedDeduplication|FifoThroughputScope|ArchivePolicy|KmsMasterKeyId|TracingConfig|DataProtectionPolicy|\w+Feedback(RoleArn|SampleRate))$/;

export const noFifo = 'FIFO topics are not implemented: S3 sends its events to standard topics only';
const hints: Readonly<Record<string, string>> = {
  FifoTopic: ': S3 sends its events to standard topics only',
  KmsMasterKeyId: ': topics are not encrypted by themselves; leave it out, or encrypt what the data folder is on',
};

/** Throws InvalidParameter for what is no value of an attribute, and for attributes that mean nothing here. */
export function withTopicAttribute(
  record: TopicRecord,
  { name, value, topics }: { name: string; value: string; topics: Topics },
): TopicRecord {
  if (name === 'DisplayName') {
    if (value.length > displayNameMax) throw invalidParameter('DisplayName');
    return { ...record, displayName: value };
  }
  if (name === 'SignatureVersion') {
    if (value !== '1' && value !== '2') throw invalidParameter('SignatureVersion', { why: 'it is 1 or 2' });
    return { ...record, signatureVersion: value };
  }
  if (name === 'DeliveryPolicy') {
    const { deliveryPolicy: _, ...others } = record;
    if (value === '') return others;
    readTopicDelivery(value);
    return { ...others, deliveryPolicy: value };
  }
  if (name === 'FifoTopic' && value.toLowerCase() === 'false') return record;
  if (name !== 'Policy') {
    if (!attributeOfAws.test(name)) throw invalidParameter('AttributeName');
    if (value === '') return record;
    throw invalidParameter('AttributeName', { why: `${name} is not implemented${hints[name] ?? ''}` });
  }
  const { policy: _, ...rest } = record;
  if (value === '') return rest;
  checkPolicy(value, topics);
  return { ...rest, policy: value };
}

export function hasSameAttributes(a: TopicRecord, b: TopicRecord): boolean {
  return (
    a.policy === b.policy &&
    a.displayName === b.displayName &&
    a.signatureVersion === b.signatureVersion &&
    a.deliveryPolicy === b.deliveryPolicy
  );
}

function checkPolicy(text: string, topics: Topics): void {
  if (Buffer.byteLength(text) > policyBytesMax)
    throw invalidParameter('Policy', { why: `at most ${policyBytesMax} bytes` });
  try {
    if (topics.missingPrincipal(readTopicPolicy(text)) !== undefined) {
      throw new IamError('InvalidParameter', 'Invalid parameter: Policy Error: PrincipalNotFound');
    }
  } catch (error) {
    if (!(error instanceof PolicyFault)) throw error;
    throw new IamError('InvalidParameter', `Invalid parameter: Policy Error: ${error.message}`, { cause: error });
  }
}
