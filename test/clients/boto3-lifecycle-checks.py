"""Every kind of lifecycle rule seen to act by boto3 alone, on a server whose days have a second; prints one JSON line a check.

The first line of a check's doc string is its name in the test report. All checks wait for days at once.
"""
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError
from checks import checks_of, failure_of, report

s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}))
DAY_SECONDS = 1
GENERATION = 'new' if tuple(int(part) for part in botocore.__version__.split('.')[:2]) >= (1, 36) else 'old'


def configure(bucket, *rules):
    numbered = [{'ID': f'rule-{i}', 'Status': 'Enabled', **rule} for i, rule in enumerate(rules)]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={'Rules': numbered})


def put(bucket, key, body=b'x', **named):
    return s3.put_object(Bucket=bucket, Key=key, Body=body, **named).get('VersionId')


def enable_versions(bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})


def keys(bucket):
    return [found['Key'] for found in s3.list_objects_v2(Bucket=bucket).get('Contents', [])]


def versions(bucket):
    """Keys of versions, and of delete markers."""
    found = s3.list_object_versions(Bucket=bucket)
    return [v['Key'] for v in found.get('Versions', [])], [m['Key'] for m in found.get('DeleteMarkers', [])]


def becomes(look, wanted):
    """Waits until what is looked at is as wanted, and as long again to see that it stays so."""
    for _ in range(900):
        if look() == wanted:
            break
        time.sleep(0.1)
    assert look() == wanted, (look(), wanted)
    time.sleep(2 * DAY_SECONDS)
    assert look() == wanted, (look(), wanted)


def check_days(bucket):
    """Expiration by Days → objects of the prefix go, at the earliest after so many days"""
    configure(bucket, {'Filter': {'Prefix': 'old/'}, 'Expiration': {'Days': 3}})
    began = time.time()
    put(bucket, 'old/a'), put(bucket, 'kept')
    assert 'rule-id="rule-0"' in s3.head_object(Bucket=bucket, Key='old/a')['Expiration']
    while 'old/a' in keys(bucket):
        assert time.time() - began < 90
    assert time.time() - began >= 3 * DAY_SECONDS
    becomes(lambda: keys(bucket), ['kept'])


def check_date(bucket):
    """Expiration by Date → what it names goes at once where the date has passed, nothing where it has not"""
    put(bucket, 'past'), put(bucket, 'future')
    configure(bucket, {'Filter': {'Prefix': 'past'}, 'Expiration': {'Date': '2015-01-01'}},
              {'Filter': {'Prefix': 'future'}, 'Expiration': {'Date': '2099-01-01'}})
    becomes(lambda: keys(bucket), ['future'])


def check_tags_and_sizes(bucket):
    """filters by tags and sizes, with And → only what has all of it goes"""
    put(bucket, 'tagged', Tagging='keep=no'), put(bucket, 'tagged-large', b'x' * 100, Tagging='keep=no')
    put(bucket, 'plain'), put(bucket, 'plain-huge', b'x' * 1000)
    tag = {'Key': 'keep', 'Value': 'no'}
    configure(bucket, {'Filter': {'And': {'Tags': [tag], 'ObjectSizeLessThan': 50}}, 'Expiration': {'Days': 1}},
              {'Filter': {'ObjectSizeGreaterThan': 500}, 'Expiration': {'Days': 1}})
    becomes(lambda: keys(bucket), ['plain', 'tagged-large'])


def check_versioned(bucket):
    """Expiration in a bucket with versions → a marker hides the object, and the version is still there"""
    enable_versions(bucket)
    version = put(bucket, 'k')
    configure(bucket, {'Filter': {}, 'Expiration': {'Days': 1}})
    becomes(lambda: versions(bucket), (['k'], ['k']))
    assert s3.get_object(Bucket=bucket, Key='k', VersionId=version)['Body'].read() == b'x'


def check_noncurrent(bucket):
    """NoncurrentVersionExpiration → old versions go but for the newest so many"""
    enable_versions(bucket)
    made = [put(bucket, 'k') for _ in range(6)]
    configure(bucket, {'Filter': {}, 'NoncurrentVersionExpiration': {'NoncurrentDays': 1, 'NewerNoncurrentVersions': 2}})
    look = lambda: [v['VersionId'] for v in s3.list_object_versions(Bucket=bucket)['Versions']]
    becomes(look, made[:2:-1])


def check_whole_life(bucket):
    """three rules together → an object expires, its version goes, and then its marker"""
    enable_versions(bucket)
    put(bucket, 'k')
    configure(bucket, {'Filter': {}, 'Expiration': {'Days': 1}, 'NoncurrentVersionExpiration': {'NoncurrentDays': 1}},
              {'Filter': {'Prefix': 'k'}, 'Expiration': {'ExpiredObjectDeleteMarker': True}})
    becomes(lambda: versions(bucket), ([], []))


def check_uploads(bucket):
    """AbortIncompleteMultipartUpload → the upload goes with its parts"""
    configure(bucket, {'Filter': {'Prefix': 'a'}, 'AbortIncompleteMultipartUpload': {'DaysAfterInitiation': 1}})
    made = [s3.create_multipart_upload(Bucket=bucket, Key=key) for key in ('a', 'b')]
    assert (made[0]['AbortRuleId'], 'AbortDate' in made[0], 'AbortDate' in made[1]) == ('rule-0', True, False)
    look = lambda: [upload['Key'] for upload in s3.list_multipart_uploads(Bucket=bucket).get('Uploads', [])]
    becomes(look, ['b'])
    try:
        s3.upload_part(Bucket=bucket, Key='a', UploadId=made[0]['UploadId'], PartNumber=1, Body=b'x')
        raise AssertionError('the upload is still there')
    except ClientError as error:
        assert error.response['Error']['Code'] == 'NoSuchUpload', error


def check_switched_off(bucket):
    """a rule that is disabled, and one that is deleted → nothing goes"""
    put(bucket, 'k')
    configure(bucket, {'Filter': {}, 'Status': 'Disabled', 'Expiration': {'Days': 1}})
    becomes(lambda: keys(bucket), ['k'])
    configure(bucket, {'Filter': {}, 'Expiration': {'Days': 1000}})
    s3.delete_bucket_lifecycle(Bucket=bucket)
    becomes(lambda: keys(bucket), ['k'])


def begin(numbered):
    number, (name, check) = numbered
    bucket = f'lifecycle-{GENERATION}-{number}'

    def act():
        s3.create_bucket(Bucket=bucket)
        check(bucket)
    return name, failure_of(act)


checks = checks_of(globals())
with ThreadPoolExecutor(len(checks)) as pool:
    for name, failure in pool.map(begin, enumerate(checks)):
        report(name, failure)
