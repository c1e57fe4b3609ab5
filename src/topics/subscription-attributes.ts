/** Attributes of subscriptions. https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html */
import { IamError } from '../iam/errors.ts';
import type { SubscriptionRecord } from '../iam/records.ts';
import { invalidParameter } from './action.ts';
import { readSubscriptionDelivery } from './delivery-policy.ts';
import { FilterFault, readFilterPolicy } from './filter-policy.ts';

/** Those that AWS has beyond ours. */
const attributesOfAws = new Set(['ReplayPolicy', 'SubscriptionRoleArn']);

type Attributes = Pick<SubscriptionRecord, 'isRaw' | 'filterPolicy' | 'filterScope' | 'deliveryPolicy' | 'deadLetters'>;

/** What is asked of the subscription's queue of dead letters: throws IamError where it cannot be that. */
type CheckDeadLetters = (arn: string) => void;

/** Of a new subscription. Throws InvalidParameter. */
export function attributesOf(
  { FilterPolicyScope, ...others }: Readonly<Record<string, string>>,
  checkDeadLetters: CheckDeadLetters,
): Attributes {
  // The scope comes first, as it says what the policy may be.
  const scope = FilterPolicyScope === undefined ? {} : { FilterPolicyScope };
  const inOrder = Object.entries({ ...scope, ...others });
  try {
    return inOrder.reduce((made: Attributes, [name, value]) => withAttribute(made, { name, value, checkDeadLetters }), {
      isRaw: false,
    });
  } catch (error) {
    const [, reason] = (error instanceof IamError && /^Invalid parameter: (.*)$/s.exec(error.message)) || [];
    if (reason === undefined) throw error;
    throw new IamError('InvalidParameter', `Invalid parameter: Attributes Reason: ${reason}`, { cause: error });
  }
}

/** Throws InvalidParameter for what is no value of an attribute, and for attributes that mean nothing here. */
export function withAttribute<T extends Attributes>(
  record: T,
  { name, value, checkDeadLetters }: { name: string; value: string; checkDeadLetters: CheckDeadLetters },
): T {
  switch (name) {
    case 'DeliveryPolicy': {
      const { deliveryPolicy: _, ...rest } = record;
      if (value === '') return rest as T;
      readSubscriptionDelivery(value);
      return { ...record, deliveryPolicy: value };
    }
    case 'RedrivePolicy': {
      const { deadLetters: _, ...rest } = record;
      if (value === '') return rest as T;
      const deadLetters = deadLettersIn(value);
      checkDeadLetters(deadLetters);
      return { ...record, deadLetters };
    }
    case 'RawMessageDelivery':
      if (!/^(true|false)$/i.test(value)) {
        throw invalidParameter(`RawMessageDelivery: Invalid value [${value}]. Must be true or false.`);
      }
      return { ...record, isRaw: value.toLowerCase() === 'true' };
    case 'FilterPolicyScope':
      if (value !== 'MessageAttributes' && value !== 'MessageBody') {
        throw invalidParameter(
          `FilterPolicyScope: Invalid value [${value}]. Please use either MessageBody or MessageAttributes`,
        );
      }
      if (record.filterPolicy !== undefined) checkFilter({ filterPolicy: record.filterPolicy, filterScope: value });
      return { ...record, filterScope: value };
    case 'FilterPolicy': {
      if (value === '') {
        const { filterPolicy: _, ...rest } = record;
        return rest as T;
      }
      checkFilter({ ...record, filterPolicy: value });
      return { ...record, filterPolicy: value };
    }
  }
  if (!attributesOfAws.has(name)) throw invalidParameter('AttributeName');
  throw invalidParameter('AttributeName', { why: `${name} is not implemented` });
}

/** Throws InvalidParameter where a subscription is asked for again with other attributes. */
export function checkSame({ known, asked }: { readonly known: Attributes; readonly asked: Attributes }): void {
  const isSame =
    known.isRaw === asked.isRaw &&
    known.filterPolicy === asked.filterPolicy &&
    known.deliveryPolicy === asked.deliveryPolicy &&
    known.deadLetters === asked.deadLetters &&
    (known.filterScope ?? 'MessageAttributes') === (asked.filterScope ?? 'MessageAttributes');
  if (!isSame) throw invalidParameter('Attributes', { why: 'Subscription already exists with different attributes' });
}

/** ARN of the queue in a redrive policy. */
function deadLettersIn(policy: string): string {
  let given: unknown;
  try {
    given = JSON.parse(policy);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw invalidParameter('RedrivePolicy: failed to parse JSON.');
  }
  const { deadLetterTargetArn: arn, ...others }: Record<string, unknown> = Object(given);
  if (typeof arn === 'string' && Object.keys(others).length === 0) return arn;
  throw invalidParameter('RedrivePolicy: it has a deadLetterTargetArn, and nothing else.');
}

function checkFilter({
  filterPolicy = '',
  filterScope = 'MessageAttributes',
}: Pick<Attributes, 'filterPolicy' | 'filterScope'>): void {
  try {
    readFilterPolicy(filterPolicy, filterScope);
  } catch (error) {
    if (!(error instanceof FilterFault)) throw error;
    const isOfScope = error.message.startsWith('Filter policy scope');
    const text = isOfScope ? error.message : `FilterPolicy: ${error.message}`;
    throw new IamError('InvalidParameter', `Invalid parameter: ${text}`, { cause: error });
  }
}
