"""What boto3's users meet when the server speaks TLS with a certificate of its own; prints one JSON line a check."""
import os
import ssl
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import SSLError
from checks import run

CONFIG = Config(s3={'addressing_style': 'path'}, signature_version='s3v4', retries={'total_max_attempts': 1})
s3 = boto3.client('s3', config=CONFIG)


def check_objects(bucket):
    """objects and large uploads go both ways, and their presigned links by any client that trusts the certificate"""
    body = os.urandom(9 * 1024 * 1024)
    s3.put_object(Bucket=bucket, Key='k', Body=body)
    assert s3.get_object(Bucket=bucket, Key='k')['Body'].read() == body
    url = s3.generate_presigned_url('get_object', Params={'Bucket': bucket, 'Key': 'k'})
    assert url.startswith('https://'), url
    trusting = ssl.create_default_context(cafile=os.environ['AWS_CA_BUNDLE'])
    assert urllib.request.urlopen(url, context=trusting).read() == body


def check_iam(bucket):
    """IAM and STS answer by TLS too"""
    assert boto3.client('sts').get_caller_identity()['Account'] == '000000000000'


def check_untrusted(bucket):
    """a client that is not told to trust the certificate → refuses"""
    stranger = boto3.client('s3', config=CONFIG, verify=ssl.get_default_verify_paths().cafile or True)
    try:
        stranger.list_buckets()
    except SSLError:
        return
    raise AssertionError('the certificate was trusted')


def given(_number, name):
    bucket = name.replace('_', '-')
    s3.create_bucket(Bucket=bucket)
    return [bucket]


run(globals(), given)
