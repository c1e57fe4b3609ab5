/** What the gate adds to the evaluator, each taken out: tests of access on a real server must tell. */
import type { MutatedFile, Mutation, Target } from './mutation.ts';

/** Mutations of the gate, of which the tests of one subject should tell. */
function of(subject: string, mutations: readonly Mutation[]): MutatedFile {
  return { file: 'src/s3/access/gate.ts', mutations, askFirst: `test/operations/${subject}.test.ts` };
}

export const gate: Target = {
  name: 'gate',
  files: [
    of('acls', [
      [
        'some operations need a signature',
        "if (message !== undefined) throw new S3Error('AccessDenied', { message });",
        '',
      ],
      ['ACLs grant', 'isGrantedByAcl: this.#isGrantedByAcl(inquiry, attributes),', ''],
      ['who may write may say how', "needed.isOfNew ? 's3:PutObject' : needed.action", 'needed.action'],
      ['as is what its list says', 'needsObject({ requester, action, bucket: access }) ||', ''],
    ]),
    of('abac', [
      [
        'every action of a request is asked for',
        'for (const needed of actionsOf(request)) {',
        'for (const needed of actionsOf(request).slice(0, 1)) {',
      ],
      [
        'who makes or lists buckets is asked',
        "if (judgement.decision.outcome !== 'allow') throw this.#refusal(request, judgement);",
        '',
      ],
      [
        'conditions see what makes a bucket',
        'const subject = { action, resourceAccountId, ...told };',
        'const subject = { action, resourceAccountId };',
      ],
      [
        'a bucket to be made is a resource',
        'bucketName === undefined ? resourceAbroad(action) :',
        'true ? resourceAbroad(action) :',
      ],
      ['conditions see tags of buckets', 'bucketTags: access.tags,', ''],
      ['all buckets are a resource', "action === 's3:ListAllMyBuckets' ? 'arn:aws:s3:::*' : '*'", "'*'"],
    ]),
    of('account-blocks', [
      ["an account's settings are its own", 'control?.accountId ?? identity.accountId', 'identity.accountId'],
      ['the public is kept out', 'access.block.restrictPublicBuckets && policy?.isPublic &&', 'false &&'],
      ['and not the own account', 'policy?.isPublic && identity.canonicalId !== bucket.owner', 'policy?.isPublic'],
    ]),
    of('cross-account', [
      ['some actions are the bucket owner’s to give', ' && !bucketOwnersActions.has(action)', ''],
      ['enforced ownership', "if (ownership === 'BucketOwnerEnforced') return false;", ''],
      ['what is new is the bucket’s to take', '!isOfNew && isOwnedByWriter', 'isOwnedByWriter'],
      ['who owns an object is looked up', 'isOwnedByWriter(access, action) ||\n', 'false ||\n'],
      ["others' objects are not root's", ' && !isOwnedByWriter(access, action);\n', ';\n'],
      ["another account's root is nobody here", ' || identity.canonicalId !== access.owner', ''],
      [
        'a policy is for the own account',
        'if (policyActions.has(needed.action) && identity.canonicalId !== bucket.owner)',
        'if (false)',
      ],
      [
        'who began an upload may end it',
        'initiatorsActions.has(needed.action) && (await this.#isInitiator(inquiry))',
        'false',
      ],
      ['and nobody else', 'return attributes.owner === facts.identity.canonicalId;', 'return true;'],
      ['strangers hear no reason', ' || principal.accountId !== resourceAccountId', ''],
      ["others' objects are theirs to give", 'writerAccount !== undefined && writerAccount !== ownerAccount', 'false'],
    ]),
    of('explain-command', [['what is supposed counts', '(key) => supposed(key) ?? own(key)', 'own']]),
    of('bucket-policies', [
      ['root gets at the policy whatever it says', 'if (policyActions.has(action)) return true;', ''],
      ['a policy counts for root too', 'return access.policy === undefined && ', 'return '],
      ['who lists hears what is missing', "if (outcome === 'implicit-deny') await this.#tellMissing(inquiry);", ''],
      ['who may not list does not', ' || !(await this.#mayList(inquiry, object))', ''],
      ['nor where reading is allowed', "? error : new S3Error('AccessDenied')", '? error : error'],
      [
        'versions are listed by another action',
        "versionId === undefined ? 's3:ListBucket' : 's3:ListBucketVersions'",
        "'s3:ListBucket'",
      ],
      ['the statement that denies is named', 'fields: denialFields(decision)', 'fields: {}'],
      ['only where the policy is public', ' && policy?.isPublic', ''],
      ['conditions see the version', 'versionId: object?.versionId,', 'versionId: undefined,'],
      ['conditions see tags of objects', 'existingTags: attributes?.tags,', ''],
      ['a hidden listing has the key as its prefix', '...(prefix !== undefined && { prefix }),', ''],
      [
        "tags that the bucket's policy asks for",
        'if (policyOfBucket(access)?.policy.keys.has(existingTagKey)) return true;',
        '',
      ],
      [
        "tags that the caller's policies ask for",
        "[own === 'all' ? [] : own, boundary, session]",
        '[boundary, session]',
      ],
      [
        'tags that a boundary asks for',
        "[own === 'all' ? [] : own, boundary, session]",
        "[own === 'all' ? [] : own, session]",
      ],
      [
        "tags that a session's policies ask for",
        "[own === 'all' ? [] : own, boundary, session]",
        "[own === 'all' ? [] : own, boundary]",
      ],
    ]),
  ],
  tests: [
    'src/s3/access/',
    'test/operations/abac.test.ts',
    'test/operations/account-blocks.test.ts',
    'test/operations/acls.test.ts',
    'test/operations/bucket-policies.test.ts',
    'test/operations/cross-account.test.ts',
    'test/operations/explain-command.test.ts',
    'test/operations/iam-policies.test.ts',
    'test/operations/object-ownership.test.ts',
    'test/operations/sts.test.ts',
    'test/attacks/privileges.test.ts',
  ],
};
