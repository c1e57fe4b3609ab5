/**
 * The parts of a lifecycle rule that move objects to other storage classes, checked as S3 checks them, in its words.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
 */
import type * as S3 from '@aws-sdk/client-s3';
import { dayMs } from '../../engine/lifecycle/due.ts';
import type { LifecycleRule, NoncurrentTransition, Transition } from '../../engine/lifecycle/rules.ts';
import { depthOf } from '../../engine/lifecycle/waterfall.ts';
import { S3Error } from '../errors.ts';
import { invalidArgument, invalidRequest } from './refusals.ts';

type Rule = Pick<LifecycleRule, 'form' | 'filter' | 'expiration' | 'noncurrentExpiration'>;

/** Classes for data that is kept for long: nothing goes there before this many days. */
const infrequentDaysMin = 30;
const infrequentClasses: readonly (string | undefined)[] = ['STANDARD_IA', 'ONEZONE_IA'] satisfies S3.StorageClass[];

/** Throws MalformedXML, InvalidArgument, InvalidRequest. */
export function checkTransitions(elements: readonly S3.Transition[], rule: Rule): void {
  for (const { Days, Date: date, StorageClass } of elements) {
    if (StorageClass === undefined || (Days === undefined) === (date === undefined)) throw new S3Error('MalformedXML');
    if (date !== undefined && date.getTime() % dayMs !== 0) throw invalidArgument("'Date' must be at midnight GMT");
    checkDays('Transition', { Days }, StorageClass);
  }
  checkClasses('Transition', elements, rule);
  const isDated = elements.map(({ Date: date }) => date !== undefined);
  if (new Set(isDated).size > 1) throw mixed('Transition', rule);
  checkOrder(
    isDated[0] === true ? 'Date' : 'Days',
    elements.map(({ Days = 0, Date: date, StorageClass }) => [date?.getTime() ?? Days, StorageClass]),
    rule,
  );
  const { expiration } = rule;
  if (expiration === undefined || 'ofMarkers' in expiration || elements.length === 0) return;
  if ('dateMs' in expiration !== isDated[0]) throw mixed('Expiration and Transition', rule);
  const [name, end] =
    'dateMs' in expiration ? (['Date', expiration.dateMs] as const) : (['Days', expiration.days] as const);
  if (elements.every(({ Days, Date: date }) => (date?.getTime() ?? Days ?? 0) < end)) return;
  throw invalidArgument(
    `'${name}' in the Expiration action for ${scopeOf(rule)} must be greater than '${name}' in the Transition action`,
  );
}

/** The same of noncurrent versions. */
export function checkNoncurrentTransitions(elements: readonly S3.NoncurrentVersionTransition[], rule: Rule): void {
  const action = 'NoncurrentVersionTransition';
  for (const { NoncurrentDays, NewerNoncurrentVersions, StorageClass } of elements) {
    if (StorageClass === undefined || NoncurrentDays === undefined) throw new S3Error('MalformedXML');
    checkDays(action, { NoncurrentDays }, StorageClass);
    if (NewerNoncurrentVersions === undefined) continue;
    if (rule.form === 'prefix') {
      throw invalidRequest('NewerNoncurrentVersions element can only be used in Lifecycle V2.');
    }
    if (NewerNoncurrentVersions <= 0) {
      throw invalidArgument(`'NewerNoncurrentVersions' for ${action} action must be a positive integer`);
    }
  }
  checkClasses(action, elements, rule);
  checkOrder(
    'NoncurrentDays',
    elements.map(({ NoncurrentDays = 0, StorageClass }) => [NoncurrentDays, StorageClass]),
    rule,
  );
  const { noncurrentExpiration } = rule;
  if (noncurrentExpiration === undefined) return;
  if (elements.every(({ NoncurrentDays = 0 }) => NoncurrentDays < noncurrentExpiration.days)) return;
  throw invalidArgument(
    `'NoncurrentDays' in the NoncurrentVersionExpiration action for ${scopeOf(rule)} must be greater than 'NoncurrentDays' in the ${action} action`,
  );
}

/** The one member given is the count of days; undefined where a date stands instead. */
function checkDays(action: string, member: Readonly<Record<string, number | undefined>>, storageClass: string): void {
  const [[name, days] = ['', undefined]] = Object.entries(member);
  if (days === undefined) return;
  if (days < 0) throw invalidArgument(`'${name}' in ${action} action must be nonnegative`);
  if (days >= infrequentDaysMin || !infrequentClasses.includes(storageClass)) return;
  throw invalidArgument(
    `'${name}' in ${action} action must be greater than or equal to ${infrequentDaysMin} for storageClass '${storageClass}'`,
  );
}

/** Each class once. */
function checkClasses(
  action: string,
  elements: readonly { readonly StorageClass?: string | undefined }[],
  rule: Rule,
): void {
  if (new Set(elements.map(({ StorageClass }) => StorageClass)).size === elements.length) return;
  throw invalidRequest(`'StorageClass' must be different for '${action}' actions in same 'Rule' with ${scopeOf(rule)}`);
}

/** What goes further down goes there later. */
function checkOrder(
  name: 'Days' | 'Date' | 'NoncurrentDays',
  moves: readonly (readonly [when: number, storageClass: string | undefined])[],
  rule: Rule,
): void {
  const action = name === 'NoncurrentDays' ? 'NoncurrentVersionTransition' : 'Transition';
  const sorted = moves.toSorted(([, one = ''], [, other = '']) => depthOf(one) - depthOf(other));
  for (const [i, [when, storageClass = '']] of sorted.entries()) {
    const next = sorted[i + 1];
    if (next === undefined || next[0] > when) continue;
    throw invalidArgument(
      `'${name}' in the ${action} action for StorageClass '${next[1]}' for ${scopeOf(rule)} must be greater than '${name}' in the ${action} action for StorageClass '${storageClass}'`,
    );
  }
}

/** Of elements that were checked. */
export function readTransitions(elements: readonly S3.Transition[]): readonly Transition[] {
  return elements.flatMap(({ Days: days = 0, Date: date, StorageClass: storageClass }) => {
    if (storageClass === undefined) return [];
    return [date === undefined ? { storageClass, days } : { storageClass, dateMs: date.getTime() }];
  });
}

/** Of elements that were checked. */
export function readNoncurrentTransitions(
  elements: readonly S3.NoncurrentVersionTransition[],
): readonly NoncurrentTransition[] {
  return elements.flatMap(({ NoncurrentDays: days = 0, NewerNoncurrentVersions, StorageClass: storageClass }) => {
    if (storageClass === undefined) return [];
    const newerVersions = NewerNoncurrentVersions;
    return [{ storageClass, days, ...(newerVersions !== undefined && { newerVersions }) }];
  });
}

/** How messages name the objects of a rule. */
function scopeOf({ form, filter }: Rule): string {
  if (form === 'prefix') return `prefix '${filter.prefix ?? ''}'`;
  const parts = [
    filter.prefix === undefined ? [] : [`prefix=${filter.prefix}`],
    filter.tags.map(({ key, value }) => `tag=${key}:${value}`),
    filter.sizeGreaterThan === undefined ? [] : [`objectSizeGreaterThan=${filter.sizeGreaterThan}`],
    filter.sizeLessThan === undefined ? [] : [`objectSizeLessThan=${filter.sizeLessThan}`],
  ].flat();
  return `filter '(${parts.join(' and ')})'`;
}

function mixed(actions: string, rule: Rule): S3Error {
  return invalidRequest(
    `Found mixed 'Date' and 'Days' based ${actions} actions in lifecycle rule for ${scopeOf(rule)}`,
  );
}
