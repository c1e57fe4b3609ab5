"""Buckets by boto3, in the sequences of calls that Terraform makes of its resources; one JSON line a check.

Each goes as Terraform goes: create, refresh, update, refresh, destroy, and what is read of what is gone. The first line of
a check's doc string is its name in the test report.
"""
import datetime
import json
import os
import socket

import boto3
from botocore.config import Config
from checks import code_of, run

ACCOUNT = '000000000000'
once = Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1})
s3 = boto3.client('s3', config=once)
# S3 Control puts the account before the host; not every system finds names below localhost where RFC 6761 says.
control = boto3.client('s3control', config=once, endpoint_url=os.environ['AWS_ENDPOINT_URL'].replace('127.0.0.1', 'localhost'))
resolve = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **named: resolve(
    '127.0.0.1' if str(host).endswith('.localhost') else host, *rest, **named)


def body(answer):
    return {name: value for name, value in answer.items() if name != 'ResponseMetadata'}


def make(bucket, **more):
    s3.create_bucket(Bucket=bucket, **more)
    s3.get_waiter('bucket_exists').wait(Bucket=bucket)
    return {'Bucket': bucket}


def destroy(of):
    s3.delete_bucket(**of)
    assert code_of(s3.head_bucket, **of) == '404'


def check_bucket():
    """aws_s3_bucket: made with tags, refreshed, tagged anew, destroyed by force"""
    arn = 'arn:aws:s3:::tf-bucket'
    resource = {'AccountId': ACCOUNT, 'ResourceArn': arn}
    of = make('tf-bucket')
    control.tag_resource(**resource, Tags=[{'Key': 'Name', 'Value': 'one'}, {'Key': 'a/b c', 'Value': '+ü'}])
    refreshed(of, arn)
    tags = control.list_tags_for_resource(**resource)['Tags']
    assert sorted(tag['Key'] for tag in tags) == ['Name', 'a/b c'], tags
    control.untag_resource(**resource, TagKeys=['a/b c'])
    control.tag_resource(**resource, Tags=[{'Key': 'Name', 'Value': 'two'}])
    assert s3.get_bucket_tagging(**of)['TagSet'] == [{'Key': 'Name', 'Value': 'two'}]
    control.untag_resource(**resource, TagKeys=['Name'])
    assert code_of(s3.get_bucket_tagging, **of) == 'NoSuchTagSet'
    # Releases before 6.23 tag by S3 itself.
    s3.put_bucket_tagging(**of, Tagging={'TagSet': [{'Key': 'old', 'Value': ''}]})
    s3.delete_bucket_tagging(**of)
    s3.put_bucket_versioning(**of, VersioningConfiguration={'Status': 'Enabled'})
    for _ in range(2):
        s3.put_object(**of, Key='k', Body=b'x')
    s3.delete_object(**of, Key='k')
    assert code_of(s3.delete_bucket, **of) == 'BucketNotEmpty'
    listed = s3.list_object_versions(**of)
    found = [{'Key': v['Key'], 'VersionId': v['VersionId']} for v in listed['Versions'] + listed['DeleteMarkers']]
    assert len(s3.delete_objects(**of, Delete={'Objects': found})['Deleted']) == 3
    destroy(of)
    assert code_of(control.list_tags_for_resource, **resource) == 'NoSuchBucket'


def refreshed(of, arn):
    """All that the provider reads of a bucket on every plan, of one that has nothing but its name."""
    head = s3.head_bucket(**of)['ResponseMetadata']['HTTPHeaders']
    assert head['x-amz-bucket-region'] == 'us-east-1', head
    assert body(s3.get_bucket_location(**of)) == {'LocationConstraint': None}
    assert code_of(s3.get_bucket_policy, **of) == 'NoSuchBucketPolicy'
    acl = s3.get_bucket_acl(**of)
    assert [(g['Grantee']['ID'], g['Permission']) for g in acl['Grants']] == [(acl['Owner']['ID'], 'FULL_CONTROL')]
    absent = {
        'cors': 'NoSuchCORSConfiguration',
        'website': 'NoSuchWebsiteConfiguration',
        'lifecycle_configuration': 'NoSuchLifecycleConfiguration',
        'replication': 'ReplicationConfigurationNotFoundError',
        'encryption': 'ServerSideEncryptionConfigurationNotFoundError',
    }
    for what, code in absent.items():
        assert code_of(getattr(s3, f'get_bucket_{what}'), **of) == code, what
    assert code_of(s3.get_object_lock_configuration, **of) == 'ObjectLockConfigurationNotFoundError'
    for what in ('versioning', 'accelerate_configuration', 'logging', 'notification_configuration'):
        assert body(getattr(s3, f'get_bucket_{what}')(**of)) == {}, what
    assert body(s3.get_bucket_request_payment(**of)) == {'Payer': 'BucketOwner'}
    for what in ('analytics', 'intelligent_tiering', 'inventory', 'metrics'):
        assert code_of(getattr(s3, f'get_bucket_{what}_configuration'), **of, Id='one') == 'NoSuchConfiguration', what
        assert body(getattr(s3, f'list_bucket_{what}_configurations')(**of)) == {'IsTruncated': False}, what
    assert s3.get_bucket_ownership_controls(**of)['OwnershipControls']['Rules'] == [
        {'ObjectOwnership': 'BucketOwnerEnforced'}]
    assert all(s3.get_public_access_block(**of)['PublicAccessBlockConfiguration'].values())


def check_not_built():
    """aws_s3_bucket_website_configuration and others of what is not built: refused by name, and nothing is kept"""
    of = make('tf-unbuilt')
    calls = [
        (s3.put_bucket_website, {'WebsiteConfiguration': {'IndexDocument': {'Suffix': 'index.html'}}}),
        (s3.put_bucket_accelerate_configuration, {'AccelerateConfiguration': {'Status': 'Enabled'}}),
        (s3.put_bucket_notification_configuration, {'NotificationConfiguration': {'EventBridgeConfiguration': {}}}),
    ]
    for call, document in calls:
        assert code_of(call, **of, **document) == 'NotImplemented', document
    refreshed(of, 'arn:aws:s3:::tf-unbuilt')
    destroy(of)


def check_ownership_and_acl():
    """aws_s3_bucket_ownership_controls, aws_s3_bucket_acl: one after the other, and back"""
    of = make('tf-acl')
    assert code_of(s3.put_bucket_acl, **of, ACL='private') == 'AccessControlListNotSupported'
    s3.put_bucket_ownership_controls(**of, OwnershipControls={'Rules': [{'ObjectOwnership': 'BucketOwnerPreferred'}]})
    assert code_of(s3.put_bucket_acl, **of, ACL='public-read') == 'AccessDenied'
    s3.put_bucket_acl(**of, ACL='private')
    owner = s3.get_bucket_acl(**of)['Owner']
    user = {'Type': 'CanonicalUser', 'ID': owner['ID']}
    logs = {'Type': 'Group', 'URI': 'http://acs.amazonaws.com/groups/s3/LogDelivery'}
    grants = [{'Grantee': user, 'Permission': 'FULL_CONTROL'}, {'Grantee': logs, 'Permission': 'WRITE'}]
    s3.put_bucket_acl(**of, AccessControlPolicy={'Owner': owner, 'Grants': grants})
    read = {(g['Grantee'].get('URI') or g['Grantee']['ID'], g['Permission']) for g in s3.get_bucket_acl(**of)['Grants']}
    assert read == {(owner['ID'], 'FULL_CONTROL'), (logs['URI'], 'WRITE')}, read
    s3.delete_bucket_ownership_controls(**of)
    assert code_of(s3.get_bucket_ownership_controls, **of) == 'OwnershipControlsNotFoundError'
    destroy(of)


def check_policy():
    """aws_s3_bucket_policy: put, read as it was sent, replaced, deleted"""
    of = make('tf-policy')
    statement = {'Sid': 'S', 'Effect': 'Deny', 'Principal': '*', 'Action': 's3:*',
                 'Resource': ['arn:aws:s3:::tf-policy', 'arn:aws:s3:::tf-policy/*'],
                 'Condition': {'Bool': {'aws:SecureTransport': 'true'}}}
    for sid in ('One', 'Two'):
        document = json.dumps({'Version': '2012-10-17', 'Statement': [{**statement, 'Sid': sid}]})
        s3.put_bucket_policy(**of, Policy=document)
        assert s3.get_bucket_policy(**of)['Policy'] == document
    assert s3.get_bucket_policy_status(**of)['PolicyStatus'] == {'IsPublic': False}
    s3.delete_bucket_policy(**of)
    assert code_of(s3.get_bucket_policy, **of) == 'NoSuchBucketPolicy'
    destroy(of)
    assert code_of(s3.get_bucket_policy, **of) == 'NoSuchBucket'


def check_versioning():
    """aws_s3_bucket_versioning: none, enabled, suspended as it is destroyed"""
    of = make('tf-versioning')
    for status in ('Enabled', 'Suspended'):
        s3.put_bucket_versioning(**of, VersioningConfiguration={'Status': status})
        assert body(s3.get_bucket_versioning(**of)) == {'Status': status}
    destroy(of)


def check_public_access_block():
    """aws_s3_bucket_public_access_block: replaced, deleted, and read when it is gone"""
    of = make('tf-block')
    block = {'BlockPublicAcls': True, 'IgnorePublicAcls': False, 'BlockPublicPolicy': True, 'RestrictPublicBuckets': False}
    s3.put_public_access_block(**of, PublicAccessBlockConfiguration=block)
    assert s3.get_public_access_block(**of)['PublicAccessBlockConfiguration'] == block
    s3.delete_public_access_block(**of)
    assert code_of(s3.get_public_access_block, **of) == 'NoSuchPublicAccessBlockConfiguration'
    destroy(of)


def check_account_public_access_block():
    """aws_s3_account_public_access_block: none, made, updated, destroyed; of another account refused"""
    account = {'AccountId': ACCOUNT}
    assert code_of(control.get_public_access_block, **account) == 'NoSuchPublicAccessBlockConfiguration'
    for value in (True, False):
        block = dict.fromkeys(('BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'), value)
        control.put_public_access_block(**account, PublicAccessBlockConfiguration=block)
        assert control.get_public_access_block(**account)['PublicAccessBlockConfiguration'] == block
    control.delete_public_access_block(**account)
    assert code_of(control.get_public_access_block, **account) == 'NoSuchPublicAccessBlockConfiguration'
    assert code_of(control.get_public_access_block, AccountId='999999999999') == 'AccessDenied'


def check_cors_and_payment():
    """aws_s3_bucket_cors_configuration, aws_s3_bucket_request_payment_configuration: made, updated, destroyed"""
    of = make('tf-cors')
    rule = {'ID': 'one', 'AllowedHeaders': ['*'], 'AllowedMethods': ['GET', 'PUT'], 'AllowedOrigins': ['https://a.example'],
            'ExposeHeaders': ['ETag'], 'MaxAgeSeconds': 3000}
    for rules in ([rule], [rule, {'AllowedMethods': ['GET'], 'AllowedOrigins': ['*']}]):
        s3.put_bucket_cors(**of, CORSConfiguration={'CORSRules': rules})
        assert s3.get_bucket_cors(**of)['CORSRules'] == rules
    s3.delete_bucket_cors(**of)
    assert code_of(s3.get_bucket_cors, **of) == 'NoSuchCORSConfiguration'
    for payer in ('Requester', 'BucketOwner'):
        s3.put_bucket_request_payment(**of, RequestPaymentConfiguration={'Payer': payer})
        assert s3.get_bucket_request_payment(**of)['Payer'] == payer
    destroy(of)


def check_lifecycle():
    """aws_s3_bucket_lifecycle_configuration: made, updated, destroyed"""
    of = make('tf-lifecycle')
    rule = {'ID': 'r', 'Status': 'Enabled', 'Filter': {'Prefix': 'tmp/'}, 'Expiration': {'Days': 7}}
    for days in (7, 8):
        rules = [{**rule, 'Expiration': {'Days': days}}]
        s3.put_bucket_lifecycle_configuration(**of, LifecycleConfiguration={'Rules': rules})
        assert s3.get_bucket_lifecycle_configuration(**of)['Rules'] == rules
    s3.delete_bucket_lifecycle(**of)
    assert code_of(s3.get_bucket_lifecycle_configuration, **of) == 'NoSuchLifecycleConfiguration'
    destroy(of)


def check_abac():
    """aws_s3_bucket_abac: disabled, enabled, disabled as it is destroyed"""
    if not hasattr(s3, 'put_bucket_abac'):
        return
    of = make('tf-abac', CreateBucketConfiguration={'Tags': [{'Key': 'a', 'Value': 'b'}]})
    assert s3.get_bucket_abac(**of)['AbacStatus'] == {'Status': 'Disabled'}
    for status in ('Enabled', 'Disabled'):
        s3.put_bucket_abac(**of, AbacStatus={'Status': status})
        assert s3.get_bucket_abac(**of)['AbacStatus'] == {'Status': status}
    assert s3.get_bucket_tagging(**of)['TagSet'] == [{'Key': 'a', 'Value': 'b'}]
    destroy(of)


def check_object():
    """aws_s3_object: put with tags, refreshed, retagged, destroyed with its versions"""
    of = make('tf-object')
    s3.put_bucket_versioning(**of, VersioningConfiguration={'Status': 'Enabled'})
    name = {**of, 'Key': 'a/b.txt'}
    made = s3.put_object(**name, Body=b'one', ContentType='text/plain', Metadata={'m': 'v'}, Tagging='a=b')
    head = s3.head_object(**name)
    assert (head['VersionId'], head['ETag'], head['Metadata']) == (made['VersionId'], made['ETag'], {'m': 'v'}), head
    assert s3.get_object_tagging(**name)['TagSet'] == [{'Key': 'a', 'Value': 'b'}]
    s3.put_object_tagging(**name, Tagging={'TagSet': [{'Key': 'c', 'Value': 'd'}]})
    s3.delete_object_tagging(**name)
    assert s3.get_object_tagging(**name)['TagSet'] == []
    for call in (s3.get_object_legal_hold, s3.get_object_retention):
        assert code_of(call, **name) == 'InvalidRequest'
    s3.delete_object(**name, VersionId=made['VersionId'])
    assert code_of(s3.head_object, **name) == '404'
    destroy(of)



def check_metrics():
    """aws_s3_bucket_metric: put with each filter, refreshed, listed, destroyed"""
    of = make('tf-metric')
    tags = [{'Key': 'a', 'Value': 'b'}, {'Key': 'c', 'Value': 'd'}]
    for wanted in (None, {'Prefix': 'a/'}, {'Tag': tags[0]}, {'And': {'Prefix': 'a/', 'Tags': tags}}):
        whole = {'Id': 'one', **({'Filter': wanted} if wanted else {})}
        s3.put_bucket_metrics_configuration(**of, Id='one', MetricsConfiguration=whole)
        assert s3.get_bucket_metrics_configuration(**of, Id='one')['MetricsConfiguration'] == whole
        assert s3.list_bucket_metrics_configurations(**of)['MetricsConfigurationList'] == [whole]
    s3.delete_bucket_metrics_configuration(**of, Id='one')
    assert code_of(s3.get_bucket_metrics_configuration, **of, Id='one') == 'NoSuchConfiguration'
    destroy(of)


def check_analytics():
    """aws_s3_bucket_analytics_configuration: put with an export, refreshed, listed, destroyed"""
    of = make('tf-analytics')
    place = {'Format': 'CSV', 'Bucket': 'arn:aws:s3:::tf-reports', 'Prefix': 'analytics'}
    export = {'OutputSchemaVersion': 'V_1', 'Destination': {'S3BucketDestination': place}}
    for analysis in ({}, {'DataExport': export}):
        whole = {'Id': 'one', 'Filter': {'Prefix': 'a/'}, 'StorageClassAnalysis': analysis}
        s3.put_bucket_analytics_configuration(**of, Id='one', AnalyticsConfiguration=whole)
        assert s3.get_bucket_analytics_configuration(**of, Id='one')['AnalyticsConfiguration'] == whole
        assert s3.list_bucket_analytics_configurations(**of)['AnalyticsConfigurationList'] == [whole]
    s3.delete_bucket_analytics_configuration(**of, Id='one')
    assert code_of(s3.get_bucket_analytics_configuration, **of, Id='one') == 'NoSuchConfiguration'
    destroy(of)


def check_object_lock():
    """aws_s3_bucket_object_lock_configuration, aws_s3_object with a lock: put, refreshed, kept, destroyed by force"""
    of = make('tf-lock', ObjectLockEnabledForBucket=True)
    assert s3.get_bucket_versioning(**of)['Status'] == 'Enabled'
    assert code_of(s3.put_bucket_versioning, **of, VersioningConfiguration={'Status': 'Suspended'}) == 'InvalidBucketState'
    for rule in ({'Mode': 'COMPLIANCE', 'Years': 1}, {'Mode': 'GOVERNANCE', 'Days': 2}):
        whole = {'ObjectLockEnabled': 'Enabled', 'Rule': {'DefaultRetention': rule}}
        s3.put_object_lock_configuration(**of, ObjectLockConfiguration=whole)
        assert s3.get_object_lock_configuration(**of)['ObjectLockConfiguration'] == whole
    until = datetime.datetime(2040, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    name = {**of, 'Key': 'k'}
    lock = {'ObjectLockMode': 'GOVERNANCE', 'ObjectLockRetainUntilDate': until, 'ObjectLockLegalHoldStatus': 'ON'}
    version = {'VersionId': s3.put_object(**name, Body=b'x', ContentMD5='ndTkYSaMgDT1yFZOFVxnpg==', **lock)['VersionId']}
    head = s3.head_object(**name)
    assert {member: head[member] for member in lock} == lock, head
    assert s3.get_object_retention(**name)['Retention'] == {'Mode': 'GOVERNANCE', 'RetainUntilDate': until}
    assert code_of(s3.delete_object, **name, **version, BypassGovernanceRetention=True) == 'AccessDenied'
    s3.put_object_legal_hold(**name, LegalHold={'Status': 'OFF'})
    assert s3.get_object_legal_hold(**name)['LegalHold'] == {'Status': 'OFF'}
    objects = {'Objects': [{'Key': 'k', **version}]}
    assert s3.delete_objects(**of, Delete=objects)['Errors'][0]['Code'] == 'AccessDenied'
    s3.put_object_retention(**name, Retention={'Mode': 'GOVERNANCE', 'RetainUntilDate': until + datetime.timedelta(days=1)})
    assert code_of(s3.delete_bucket, **of) == 'BucketNotEmpty'
    assert 'Errors' not in s3.delete_objects(**of, Delete=objects, BypassGovernanceRetention=True)
    destroy(of)


run(globals())
