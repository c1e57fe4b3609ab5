"""Keys of KMS as users of boto3's kms client make and use them; prints one JSON line a check.

The first line of a check's doc string is its name in the test report.
"""
import json
import uuid

import boto3
from botocore.config import Config
from checks import refused, run

once = {'retries': {'total_max_attempts': 1}}
kms = boto3.client('kms', config=Config(**once))
iam = boto3.client('iam', config=Config(**once))
account = 'arn:aws:kms:us-east-1:000000000000:'


def key(**given):
    return kms.create_key(**given)['KeyMetadata']


def user(*actions, resource='*'):
    """A kms client of a user that may do this by its own policies."""
    name = f'user-{uuid.uuid4()}'
    arn = iam.create_user(UserName=name)['User']['Arn']
    if actions:
        statement = {'Effect': 'Allow', 'Action': list(actions), 'Resource': resource}
        document = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
        iam.put_user_policy(UserName=name, PolicyName='own', PolicyDocument=document)
    made = iam.create_access_key(UserName=name)['AccessKey']
    client = boto3.client(
        'kms',
        aws_access_key_id=made['AccessKeyId'],
        aws_secret_access_key=made['SecretAccessKey'],
        config=Config(**once),
    )
    return arn, client


def check_keys_are_made_described_and_listed():
    """keys are made, described by id, ARN and alias, and listed page by page; those of the configuration are there"""
    made = key(Description='mine', Tags=[{'TagKey': 'team', 'TagValue': 'photos'}])
    assert made['Arn'] == f'{account}key/{made["KeyId"]}' and made['KeyState'] == 'Enabled', made
    alias = f'alias/{uuid.uuid4()}'
    kms.create_alias(AliasName=alias, TargetKeyId=made['KeyId'])
    for named in (made['KeyId'], made['Arn'], alias, account + alias):
        described = kms.describe_key(KeyId=named)['KeyMetadata']
        assert described == made, (named, described)
    listed = [one['KeyId'] for page in kms.get_paginator('list_keys').paginate(PaginationConfig={'PageSize': 1}) for one in page['Keys']]
    assert made['KeyId'] in listed and 'given' in listed and 'made' in listed, listed
    assert kms.list_resource_tags(KeyId=made['KeyId'])['Tags'] == [{'TagKey': 'team', 'TagValue': 'photos'}]
    assert kms.describe_key(KeyId='alias/of-the-configuration')['KeyMetadata']['Origin'] == 'EXTERNAL'
    assert kms.describe_key(KeyId='alias/aws/s3')['KeyMetadata']['KeyManager'] == 'AWS'
    refused(lambda: kms.describe_key(KeyId='absent'), 'NotFoundException', "Invalid keyId 'absent'")
    refused(lambda: kms.describe_key(KeyId=f'{account}key/absent'), 'NotFoundException', 'does not exist')
    refused(lambda: kms.describe_key(KeyId='alias/absent'), 'NotFoundException', f'Alias {account}alias/absent is not found.')


def check_aliases_move():
    """aliases move to other keys and go; two of one name, and those of services, are refused"""
    one, other, alias = key()['KeyId'], key()['KeyId'], f'alias/{uuid.uuid4()}'
    kms.create_alias(AliasName=alias, TargetKeyId=one)
    refused(lambda: kms.create_alias(AliasName=alias, TargetKeyId=other), 'AlreadyExistsException')
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    assert kms.describe_key(KeyId=alias)['KeyMetadata']['KeyId'] == other
    assert [named['AliasName'] for named in kms.list_aliases(KeyId=other)['Aliases']] == [alias]
    names = [named['AliasName'] for named in kms.list_aliases()['Aliases']]
    assert 'alias/aws/s3' in names and alias in names, names
    kms.delete_alias(AliasName=alias)
    refused(lambda: kms.delete_alias(AliasName=alias), 'NotFoundException')
    refused(lambda: kms.create_alias(AliasName='alias/aws/mine', TargetKeyId=one), 'InvalidAliasNameException')


def check_texts_are_encrypted():
    """a text is encrypted and decrypted, with its context alone, and encrypted anew under another key"""
    one, other, context = key()['Arn'], key()['Arn'], {'of': 'a test'}
    blob = kms.encrypt(KeyId=one, Plaintext=b'a secret', EncryptionContext=context)['CiphertextBlob']
    opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
    assert opened['Plaintext'] == b'a secret' and opened['KeyId'] == one, opened
    refused(lambda: kms.decrypt(CiphertextBlob=blob), 'InvalidCiphertextException')
    refused(lambda: kms.decrypt(CiphertextBlob=blob[:-1] + b'x', EncryptionContext=context), 'InvalidCiphertextException')
    refused(lambda: kms.decrypt(CiphertextBlob=blob, EncryptionContext=context, KeyId=other), 'IncorrectKeyException')
    moved = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=other)
    assert moved['SourceKeyId'] == one and moved['KeyId'] == other, moved
    assert kms.decrypt(CiphertextBlob=moved['CiphertextBlob'])['Plaintext'] == b'a secret'
    refused(lambda: kms.encrypt(KeyId=one, Plaintext=b'x' * 4097), 'ValidationException')


def check_data_keys():
    """data keys come in the clear and encrypted, of the size asked for"""
    arn = key()['Arn']
    made = kms.generate_data_key(KeyId=arn, KeySpec='AES_256')
    assert len(made['Plaintext']) == 32 and made['KeyId'] == arn
    assert kms.decrypt(CiphertextBlob=made['CiphertextBlob'])['Plaintext'] == made['Plaintext']
    assert len(kms.generate_data_key(KeyId=arn, NumberOfBytes=64)['Plaintext']) == 64
    assert 'Plaintext' not in kms.generate_data_key_without_plaintext(KeyId=arn, KeySpec='AES_128')
    refused(lambda: kms.generate_data_key(KeyId=arn), 'ValidationException')
    assert len(kms.generate_random(NumberOfBytes=7)['Plaintext']) == 7


def check_states():
    """a disabled key, and one that is pending deletion, does nothing until it is taken back"""
    made = key()['KeyId']
    blob = kms.encrypt(KeyId=made, Plaintext=b'x')['CiphertextBlob']
    kms.disable_key(KeyId=made)
    refused(lambda: kms.decrypt(CiphertextBlob=blob), 'DisabledException', 'is disabled.')
    kms.enable_key(KeyId=made)
    assert kms.decrypt(CiphertextBlob=blob)['Plaintext'] == b'x'
    scheduled = kms.schedule_key_deletion(KeyId=made, PendingWindowInDays=7)
    assert scheduled['KeyState'] == 'PendingDeletion', scheduled
    refused(lambda: kms.encrypt(KeyId=made, Plaintext=b'x'), 'KMSInvalidStateException', 'is pending deletion.')
    refused(lambda: kms.enable_key(KeyId=made), 'KMSInvalidStateException')
    kms.cancel_key_deletion(KeyId=made)
    assert kms.describe_key(KeyId=made)['KeyMetadata']['KeyState'] == 'Disabled'
    refused(lambda: kms.cancel_key_deletion(KeyId=made), 'KMSInvalidStateException')


def check_rotation():
    """new material encrypts from then on, and what was encrypted before is still decrypted"""
    made = key()['KeyId']
    assert kms.get_key_rotation_status(KeyId=made)['KeyRotationEnabled'] is False
    kms.enable_key_rotation(KeyId=made, RotationPeriodInDays=90)
    assert kms.get_key_rotation_status(KeyId=made)['RotationPeriodInDays'] == 90
    before = kms.encrypt(KeyId=made, Plaintext=b'before')['CiphertextBlob']
    kms.rotate_key_on_demand(KeyId=made)
    after = kms.encrypt(KeyId=made, Plaintext=b'after')['CiphertextBlob']
    assert kms.decrypt(CiphertextBlob=before)['Plaintext'] == b'before'
    assert kms.decrypt(CiphertextBlob=after)['Plaintext'] == b'after'
    refused(lambda: kms.enable_key_rotation(KeyId='given'), 'UnsupportedOperationException')


def check_policies():
    """the key's policy decides whether the policies of users count, and may not lock its author out"""
    made = key()['Arn']
    arn, own = user('kms:Encrypt', resource=made)
    _, other = user()
    own.encrypt(KeyId=made, Plaintext=b'x')
    denied = f'is not authorized to perform: kms:Encrypt on resource: "{made}" because no identity-based policy allows'
    refused(lambda: other.encrypt(KeyId=made, Plaintext=b'x'), 'AccessDeniedException', denied)
    refused(lambda: own.generate_data_key(KeyId=made, KeySpec='AES_256'), 'AccessDeniedException')
    root = {'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::000000000000:root'}, 'Action': 'kms:*PolicyOnly', 'Resource': '*'}
    policy = {'Version': '2012-10-17', 'Statement': [root]}
    put = lambda: kms.put_key_policy(KeyId=made, Policy=json.dumps(policy))
    refused(put, 'MalformedPolicyDocumentException', 'will not allow you to update')
    root['Action'] = ['kms:PutKeyPolicy', 'kms:GetKeyPolicy', 'kms:Describe*']
    put()
    assert json.loads(kms.get_key_policy(KeyId=made)['Policy']) == policy
    refused(lambda: own.encrypt(KeyId=made, Plaintext=b'x'), 'AccessDeniedException', 'no resource-based policy allows')
    policy['Statement'].append({'Effect': 'Allow', 'Principal': {'AWS': arn}, 'Action': 'kms:Encrypt', 'Resource': '*',
                                'Condition': {'StringEquals': {'kms:EncryptionContext:Team': 'photos'}}})
    put()
    own.encrypt(KeyId=made, Plaintext=b'x', EncryptionContext={'Team': 'photos'})
    refused(lambda: own.encrypt(KeyId=made, Plaintext=b'x'), 'AccessDeniedException')
    policy['Statement'].append({'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::000000000000:user/nobody'}, 'Action': 'kms:Encrypt', 'Resource': '*'})
    refused(put, 'MalformedPolicyDocumentException', 'invalid principals')


def check_unknown():
    """what is not implemented is refused as unknown, and what is asked wrongly says what"""
    refused(lambda: kms.list_grants(KeyId='given'), 'UnknownOperationException')
    refused(lambda: kms.create_key(KeySpec='RSA_2048', KeyUsage='SIGN_VERIFY'), 'ValidationException', 'ENCRYPT_DECRYPT')
    refused(lambda: kms.schedule_key_deletion(KeyId='given'), 'UnsupportedOperationException')


run(globals())
