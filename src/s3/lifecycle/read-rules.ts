/**
 * Lifecycle rules as clients put them, checked as S3 checks them, in its words.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import { dayMs } from '../../engine/lifecycle/due.ts';
import type { Expiration, LifecycleRule, NoncurrentExpiration } from '../../engine/lifecycle/rules.ts';
import { randomBase64 } from '../../lib/ids.ts';
import { S3Error } from '../errors.ts';
import {
  checkNoncurrentTransitions,
  checkTransitions,
  readNoncurrentTransitions,
  readTransitions,
} from './check-transitions.ts';
import { readFilter } from './read-filter.ts';
import { invalidArgument, invalidRequest } from './refusals.ts';

const rulesMax = 1000;
const idLengthMax = 255;
const idBytes = 36;
const daysMax = 2_147_483_647;

/** Throws MalformedXML, InvalidArgument, InvalidRequest, InvalidTag. */
export function readRules(elements: readonly S3.LifecycleRule[]): readonly LifecycleRule[] {
  if (elements.length === 0 || elements.length > rulesMax) throw new S3Error('MalformedXML');
  const rules = elements.map(readRule);
  checkIds(rules);
  checkForms(rules);
  checkOverlaps(rules);
  return rules;
}

function readRule(element: S3.LifecycleRule): LifecycleRule {
  const { ID, Status, Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload } = element;
  const { Transitions, NoncurrentVersionTransitions } = element;
  if (ID !== undefined && ID.length > idLengthMax) {
    throw invalidArgument(`ID length should not exceed allowed limit of ${idLengthMax}`, { ID });
  }
  const actions = [Expiration, NoncurrentVersionExpiration, AbortIncompleteMultipartUpload];
  if ([...actions, Transitions, NoncurrentVersionTransitions].every((action) => action === undefined)) {
    throw invalidRequest('At least one action needs to be specified in a rule');
  }
  const rule = {
    // As S3 does for rules without a name.
    id: ID || randomBase64(idBytes),
    isEnabled: Status === 'Enabled',
    ...readFilter(element),
    expiration: Expiration && readExpiration(Expiration),
    noncurrentExpiration: NoncurrentVersionExpiration && readNoncurrent(NoncurrentVersionExpiration),
    abortUploadsDays: AbortIncompleteMultipartUpload && readAbort(AbortIncompleteMultipartUpload),
  };
  if (rule.expiration !== undefined && 'ofMarkers' in rule.expiration) {
    checkUnfiltered(rule, 'ExpiredObjectDeleteMarker');
  }
  if (rule.abortUploadsDays !== undefined) checkUnfiltered(rule, 'AbortIncompleteMultipartUpload');
  checkTransitions(Transitions ?? [], rule);
  checkNoncurrentTransitions(NoncurrentVersionTransitions ?? [], rule);
  return {
    ...rule,
    transitions: Transitions && readTransitions(Transitions),
    noncurrentTransitions: NoncurrentVersionTransitions && readNoncurrentTransitions(NoncurrentVersionTransitions),
  };
}

function readExpiration({ Days, Date: date, ExpiredObjectDeleteMarker }: S3.LifecycleExpiration): Expiration {
  const given = [Days, date, ExpiredObjectDeleteMarker].filter((member) => member !== undefined);
  if (given.length !== 1) throw new S3Error('MalformedXML');
  if (ExpiredObjectDeleteMarker !== undefined) return { ofMarkers: ExpiredObjectDeleteMarker };
  if (date === undefined) return { days: positive({ Days }, 'Expiration') };
  const dateMs = date.getTime();
  if (dateMs % dayMs !== 0) throw invalidArgument("'Date' must be at midnight GMT", { Date: date.toISOString() });
  return { dateMs };
}

function readNoncurrent(element: S3.NoncurrentVersionExpiration): NoncurrentExpiration {
  const { NoncurrentDays, NewerNoncurrentVersions } = element;
  return {
    days: positive({ NoncurrentDays }, 'NoncurrentVersionExpiration'),
    ...(NewerNoncurrentVersions !== undefined && {
      newerVersions: positive({ NewerNoncurrentVersions }, 'NoncurrentVersionExpiration'),
    }),
  };
}

function readAbort({ DaysAfterInitiation }: S3.AbortIncompleteMultipartUpload): number {
  return positive({ DaysAfterInitiation }, 'AbortIncompleteMultipartUpload');
}

/** The one member given, a count above 0. */
function positive(member: Readonly<Record<string, number | undefined>>, action: string): number {
  const [[name, value] = ['', undefined]] = Object.entries(member);
  if (value === undefined || value > daysMax) throw new S3Error('MalformedXML');
  if (value > 0) return value;
  throw invalidArgument(`'${name}' for ${action} action must be a positive integer`, { [name]: String(value) });
}

/** Neither markers nor uploads have tags or sizes. */
function checkUnfiltered({ filter }: Pick<LifecycleRule, 'filter'>, action: string): void {
  if (filter.tags.length > 0) throw invalidRequest(`${action} cannot be specified with Tags.`);
  if (filter.sizeGreaterThan !== undefined || filter.sizeLessThan !== undefined) {
    throw invalidRequest(`${action} cannot be specified with Object Size.`);
  }
}

function checkIds(rules: readonly LifecycleRule[]): void {
  const ids = new Set<string>();
  for (const { id } of rules) {
    if (ids.has(id)) {
      throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', { ID: id });
    }
    ids.add(id);
  }
}

/** The first rule says whether all of them have the old form. */
function checkForms(rules: readonly LifecycleRule[]): void {
  const isOld = rules[0]?.form === 'prefix';
  for (const { form, noncurrentExpiration } of rules) {
    if (isOld && form !== 'prefix') throw invalidRequest('Filter element can only be used in Lifecycle V2.');
    if (!isOld && form === 'prefix') {
      throw invalidRequest(
        'Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter.',
      );
    }
    if (isOld && noncurrentExpiration?.newerVersions !== undefined) {
      throw invalidRequest('NewerNoncurrentVersions element can only be used in Lifecycle V2.');
    }
  }
}

/** In the old form no key may have two rules that do the same. */
function checkOverlaps(rules: readonly LifecycleRule[]): void {
  const old = rules.filter(({ form }) => form === 'prefix');
  const actions = [
    ['Expiration', (rule: LifecycleRule) => rule.expiration],
    ['NoncurrentVersionExpiration', (rule: LifecycleRule) => rule.noncurrentExpiration],
    ['Transition', (rule: LifecycleRule) => rule.transitions],
    ['NoncurrentVersionTransition', (rule: LifecycleRule) => rule.noncurrentTransitions],
    ['AbortIncompleteMultipartUpload', (rule: LifecycleRule) => rule.abortUploadsDays],
  ] as const;
  for (const [name, actionOf] of actions) {
    const prefixes = old.filter((rule) => actionOf(rule) !== undefined).map(({ filter }) => filter.prefix ?? '');
    const overlap = overlapOf(prefixes);
    if (overlap === undefined) continue;
    const [one, other] = overlap;
    throw invalidRequest(`Found overlapping prefixes '${one}' and '${other}' for same action type '${name}'`);
  }
}

/** Two prefixes of which one begins with the other; in order, the one that others begin with stands right before some. */
function overlapOf(prefixes: readonly string[]): readonly [string, string] | undefined {
  const sorted = prefixes.toSorted();
  const at = sorted.findIndex((prefix, i) => sorted[i + 1]?.startsWith(prefix));
  return at < 0 ? undefined : [sorted[at] ?? '', sorted[at + 1] ?? ''];
}
