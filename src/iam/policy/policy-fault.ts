/**
 * What can be wrong with a policy document. The reader says which fault it is; how AWS words it differs from service to
 * service, so each kind of policy has its table of sentences.
 */

export interface Fault {
  readonly kind:
    | 'first-byte'
    | 'json'
    | 'size'
    | 'syntax'
    | 'version'
    | 'no-statement'
    | 'empty-statement'
    | 'sid'
    | 'no-effect'
    | 'effect'
    | 'no-principal'
    | 'principal'
    | 'principal-not-allowed'
    | 'allow-not-principal'
    | 'no-action'
    | 'action'
    | 'action-vendor'
    | 'action-colons'
    | 'action-not-sts'
    | 'no-resource'
    | 'resource'
    | 'resource-not-allowed'
    | 'action-without-resource'
    | 'operator'
    | 'condition-key'
    | 'condition-value'
    | 'condition-not-applicable';
  /** The text at fault, for the sentences that show it. */
  readonly text?: string;
}

/** A document that is refused; the message is AWS's sentence. */
export class PolicyFault extends Error {
  override readonly name = 'PolicyFault';
  readonly kind: Fault['kind'];

  constructor(fault: Fault, sentence: string) {
    super(sentence);
    this.kind = fault.kind;
  }
}

type Sentences = Readonly<Partial<Record<Fault['kind'], (text: string) => string>>>;

/** MalformedPolicy, as S3 words it. */
const bucketSentences: Sentences = {
  'first-byte': () => "Policies must be valid JSON and the first byte must be '{'",
  json: () => 'This policy contains invalid Json',
  size: (text) => `Normalized policy document exceeds the maximum allowed size of ${text} bytes`,
  version: () => 'The policy must contain a valid version string',
  'no-statement': () => 'Missing required field Statement',
  'empty-statement': () => 'Could not parse the policy: Statement is empty!',
  'no-effect': () => 'Missing required field Effect',
  effect: (text) => `Invalid effect: ${text}`,
  'no-principal': () => 'Missing required field Principal',
  principal: () => 'Invalid principal in policy',
  'allow-not-principal': () => 'Allow with NotPrincipal is not allowed.',
  'no-action': () => 'Missing required field Action',
  action: () => 'Policy has invalid action',
  'no-resource': () => 'Missing required field Resource',
  resource: () => 'Policy has invalid resource',
  'action-without-resource': () => 'Action does not apply to any resource(s) in statement',
  operator: (text) => `Invalid Condition type : ${text}`,
  'condition-key': () => 'Policy has an invalid condition key',
  'condition-value': (text) => `Invalid value in Conditions for operator ${text}`,
  'condition-not-applicable': () => 'Conditions do not apply to combination of actions and resources in statement',
};

/** MalformedPolicyDocument, as IAM and STS word it. */
const identitySentences: Sentences = {
  sid: () => 'Statement IDs (SID) in a single policy must be unique.',
  'principal-not-allowed': () => 'Policy document should not specify a principal.',
  'no-principal': () => 'Missing required field Principal',
  principal: (text) => `Invalid principal in policy: ${text}`,
  'allow-not-principal': () => 'Allow with NotPrincipal is not allowed.',
  'no-action': () => 'Policy statement must contain actions.',
  'action-vendor': () => 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
  'action-colons': () => 'Actions/Condition can contain only one colon.',
  action: (text) => `Vendor ${text} is not valid`,
  'action-not-sts': () => 'AssumeRole policy may only specify STS AssumeRole actions.',
  'no-resource': () => 'Policy statement must contain resources.',
  resource: (text) => `Resource ${text} must be in ARN format or "*".`,
  'resource-not-allowed': () => 'Has prohibited field Resource',
};

export function bucketPolicyFault(fault: Fault): PolicyFault {
  return new PolicyFault(fault, bucketSentences[fault.kind]?.(fault.text ?? '') ?? 'Invalid policy syntax.');
}

export function iamPolicyFault(fault: Fault): PolicyFault {
  return new PolicyFault(fault, identitySentences[fault.kind]?.(fault.text ?? '') ?? 'Syntax errors in policy.');
}
