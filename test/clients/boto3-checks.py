"""What boto3's users do, each check against a bucket of its own; prints one JSON line a check.

The first line of a check's doc string is its name in the test report. Runs with old and new boto3 alike: NEW says whether
this one sends checksums of its own accord.
"""
import base64
import hashlib
import io
import os
import tempfile
import urllib.error
import urllib.request
import zlib

import boto3
import botocore
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from checks import code_of, run

MIB = 1024 * 1024
NEW = tuple(int(part) for part in botocore.__version__.split('.')[:2]) >= (1, 36)
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}))


def sample(size, seed=1):
    blocks = (hashlib.sha256(f'{seed}:{i}'.encode()).digest() for i in range(size // 32 + 1))
    return b''.join(blocks)[:size]


def check_put_get(bucket):
    """put_object, get_object: bytes and headers → come back as they went"""
    body = sample(100_000)
    put = s3.put_object(Bucket=bucket, Key='k', Body=body, ContentType='a/b', CacheControl='no-store',
                        ContentDisposition='attachment; filename="ü.txt"', ContentLanguage='de')
    assert put['ETag'] == f'"{hashlib.md5(body).hexdigest()}"', put
    got = s3.get_object(Bucket=bucket, Key='k')
    assert got['Body'].read() == body
    assert (got['ContentType'], got['CacheControl'], got['ContentLanguage']) == ('a/b', 'no-store', 'de'), got
    assert got['ContentLength'] == len(body) and got['ETag'] == put['ETag']
    assert got['ResponseMetadata']['RequestId'] and got['ResponseMetadata']['HostId']


def check_body_kinds(bucket):
    """put_object: empty, text, file and stream bodies → stored whole"""
    with tempfile.TemporaryFile() as file:
        file.write(sample(70_000))
        file.seek(0)
        bodies = {'empty': b'', 'text': 'ü'.encode(), 'file': file, 'stream': io.BytesIO(sample(70_000))}
        for key, body in bodies.items():
            s3.put_object(Bucket=bucket, Key=key, Body=body)
    sizes = {o['Key']: o['Size'] for o in s3.list_objects_v2(Bucket=bucket)['Contents']}
    assert sizes == {'empty': 0, 'text': 2, 'file': 70_000, 'stream': 70_000}, sizes


def check_upload_file(bucket):
    """upload_fileobj, download_fileobj: 12 MiB in parts of 5 MiB → same bytes, an ETag of three parts"""
    body = sample(12 * MIB)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_fileobj(io.BytesIO(body), bucket, 'large', Config=config, ExtraArgs={'Metadata': {'a': 'b'}})
    head = s3.head_object(Bucket=bucket, Key='large')
    assert head['ETag'].endswith('-3"') and head['ContentLength'] == len(body) and head['Metadata'] == {'a': 'b'}, head
    back = io.BytesIO()
    s3.download_fileobj(bucket, 'large', back, Config=config)
    assert back.getvalue() == body
    second = s3.get_object(Bucket=bucket, Key='large', PartNumber=2)
    assert second['Body'].read() == body[5 * MIB:10 * MIB] and second['PartsCount'] == 3


def check_managed_copy(bucket):
    """copy (managed): 6 MiB in parts of 5 MiB by upload_part_copy → same bytes"""
    body = sample(6 * MIB, 2)
    s3.put_object(Bucket=bucket, Key='from', Body=body)
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.copy({'Bucket': bucket, 'Key': 'from'}, bucket, 'to', Config=config)
    assert s3.get_object(Bucket=bucket, Key='to')['Body'].read() == body


def check_copy_object(bucket):
    """copy_object: COPY → metadata kept; REPLACE → replaced; onto itself unchanged → InvalidRequest"""
    s3.put_object(Bucket=bucket, Key='a b/ü+', Body=b'x', Metadata={'m': '1'}, ContentType='a/b')
    source = {'Bucket': bucket, 'Key': 'a b/ü+'}
    result = s3.copy_object(Bucket=bucket, Key='kept', CopySource=source)['CopyObjectResult']
    assert result['ETag'] == '"9dd4e461268c8034f5c8564e155c67a6"' and result['LastModified'], result
    kept = s3.head_object(Bucket=bucket, Key='kept')
    assert kept['Metadata'] == {'m': '1'} and kept['ContentType'] == 'a/b', kept
    s3.copy_object(Bucket=bucket, Key='new', CopySource=source, MetadataDirective='REPLACE', Metadata={'n': '2'})
    assert s3.head_object(Bucket=bucket, Key='new')['Metadata'] == {'n': '2'}
    assert code_of(s3.copy_object, Bucket=bucket, Key='a b/ü+', CopySource=source) == 'InvalidRequest'
    assert code_of(s3.copy_object, Bucket=bucket, Key='k', CopySource={'Bucket': bucket, 'Key': 'no'}) == 'NoSuchKey'


def check_paginators(bucket):
    """paginators of list_objects, _v2 and versions: 25 keys by 10 → each once, in order"""
    keys = sorted((f'k/{i:02} ü&<' for i in range(25)), key=lambda key: key.encode())
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b'')
    for name, rows in (('list_objects', 'Contents'), ('list_objects_v2', 'Contents'), ('list_object_versions', 'Versions')):
        pages = list(s3.get_paginator(name).paginate(Bucket=bucket, PaginationConfig={'PageSize': 10}))
        assert [len(page[rows]) for page in pages] == [10, 10, 5], name
        assert [row['Key'] for page in pages for row in page[rows]] == keys, name


def check_delimiter(bucket):
    """list_objects_v2 with prefix and delimiter → common prefixes once, over pages"""
    for key in ('a/1', 'a/2', 'b/c/1', 'b/d', 'e'):
        s3.put_object(Bucket=bucket, Key=key, Body=b'')
    pages = list(s3.get_paginator('list_objects_v2').paginate(
        Bucket=bucket, Delimiter='/', PaginationConfig={'PageSize': 1}))
    prefixes = [p['Prefix'] for page in pages for p in page.get('CommonPrefixes', [])]
    assert prefixes == ['a/', 'b/'] and len(pages) == 3, prefixes
    inner = s3.list_objects_v2(Bucket=bucket, Prefix='b/', Delimiter='/', FetchOwner=True)
    assert [p['Prefix'] for p in inner['CommonPrefixes']] == ['b/c/'] and inner['Contents'][0]['Owner']['ID'], inner
    after = s3.list_objects_v2(Bucket=bucket, StartAfter='b/c/1')
    assert [o['Key'] for o in after['Contents']] == ['b/d', 'e'] and after['KeyCount'] == 2, after


def check_delete_objects(bucket):
    """delete_objects: keys there and not there → all reported; Quiet → none"""
    for key in ('a', 'b &<>"', 'ü/🔑'):
        s3.put_object(Bucket=bucket, Key=key, Body=b'')
    result = s3.delete_objects(Bucket=bucket, Delete={'Objects': [{'Key': k} for k in ('a', 'b &<>"', 'not there')]})
    assert sorted(d['Key'] for d in result['Deleted']) == ['a', 'b &<>"', 'not there'], result
    quiet = s3.delete_objects(Bucket=bucket, Delete={'Objects': [{'Key': 'ü/🔑'}], 'Quiet': True})
    assert 'Deleted' not in quiet and 'Contents' not in s3.list_objects_v2(Bucket=bucket), quiet


def check_presigned(bucket):
    """presigned PUT and GET, with query-string signature v4 → work; another method → 403"""
    client = boto3.client('s3', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))
    target = {'Bucket': bucket, 'Key': 'pre signed/ü+%'}
    put = client.generate_presigned_url('put_object', Params={**target, 'ContentType': 'text/x'}, ExpiresIn=60)
    request = urllib.request.Request(put, data=b'hello', method='PUT', headers={'Content-Type': 'text/x'})
    assert urllib.request.urlopen(request).status == 200
    get = client.generate_presigned_url('get_object', Params={**target, 'ResponseContentType': 'b/c'}, ExpiresIn=60)
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b'hello' and answer.headers['Content-Type'] == 'b/c'
    try:
        urllib.request.urlopen(urllib.request.Request(get, method='DELETE'))
        raise AssertionError('a DELETE by the URL of a GET was accepted')
    except urllib.error.HTTPError as error:
        assert error.code == 403, error.code


def check_tagging(bucket):
    """tagging: with the put, replaced, counted, deleted → as set"""
    s3.put_object(Bucket=bucket, Key='t', Body=b'', Tagging='a=1&b=x%2By')
    tags = s3.get_object_tagging(Bucket=bucket, Key='t')['TagSet']
    assert tags == [{'Key': 'a', 'Value': '1'}, {'Key': 'b', 'Value': 'x+y'}], tags
    assert s3.get_object(Bucket=bucket, Key='t')['TagCount'] == 2
    s3.put_object_tagging(Bucket=bucket, Key='t', Tagging={'TagSet': [{'Key': 'ü', 'Value': ''}]})
    assert s3.get_object_tagging(Bucket=bucket, Key='t')['TagSet'] == [{'Key': 'ü', 'Value': ''}]
    s3.delete_object_tagging(Bucket=bucket, Key='t')
    assert s3.get_object_tagging(Bucket=bucket, Key='t')['TagSet'] == []
    twice = {'TagSet': [{'Key': 'a', 'Value': '1'}, {'Key': 'a', 'Value': '2'}]}
    assert code_of(s3.put_object_tagging, Bucket=bucket, Key='t', Tagging=twice) == 'InvalidTag'


def check_versions(bucket):
    """versions: null, enabled, suspended, marker, removal of each → as AWS keeps them"""
    null = s3.put_object(Bucket=bucket, Key='v', Body=b'0')
    assert 'VersionId' not in null
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})
    first = s3.put_object(Bucket=bucket, Key='v', Body=b'1')['VersionId']
    marker = s3.delete_object(Bucket=bucket, Key='v')
    assert marker['DeleteMarker'] and code_of(s3.get_object, Bucket=bucket, Key='v') == 'NoSuchKey'
    assert s3.get_object(Bucket=bucket, Key='v', VersionId='null')['Body'].read() == b'0'
    assert s3.get_object(Bucket=bucket, Key='v', VersionId=first)['Body'].read() == b'1'
    assert s3.delete_object(Bucket=bucket, Key='v', VersionId=marker['VersionId'])['DeleteMarker']
    assert s3.get_object(Bucket=bucket, Key='v')['Body'].read() == b'1'
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Suspended'})
    s3.put_object(Bucket=bucket, Key='v', Body=b'2')
    ids = [v['VersionId'] for v in s3.list_object_versions(Bucket=bucket)['Versions']]
    assert ids == ['null', first], ids


def check_ranges(bucket):
    """get_object with a range, streamed → the bytes of the range; beyond the end → InvalidRange"""
    body = sample(300_000)
    s3.put_object(Bucket=bucket, Key='r', Body=body)
    for header, expected in (('bytes=0-0', body[:1]), ('bytes=65530-65550', body[65530:65551]),
                             ('bytes=299990-', body[299990:]), ('bytes=-7', body[-7:])):
        got = s3.get_object(Bucket=bucket, Key='r', Range=header)
        assert b''.join(got['Body'].iter_chunks(1000)) == expected, header
        assert got['ResponseMetadata']['HTTPStatusCode'] == 206 and got['ContentRange'].endswith('/300000'), got
    assert code_of(s3.get_object, Bucket=bucket, Key='r', Range='bytes=300000-') == 'InvalidRange'


def check_unicode(bucket):
    """keys of any Unicode, also those XML cannot hold → round-trip by put, list, get and delete"""
    keys = ['ü', 'u\u0308', '🔑', '\u202e', 'a//b', '/a', 'a/', '../x', '.', ' ', '%41', '+', '&<>"\'', '\t', '\x7f', '\x01', 'é' * 512]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = [o['Key'] for o in s3.list_objects_v2(Bucket=bucket)['Contents']]
    assert listed == sorted(keys, key=lambda key: key.encode()), listed
    for key in keys:
        assert s3.get_object(Bucket=bucket, Key=key)['Body'].read() == key.encode(), repr(key)
        s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)['KeyCount'] == 0
    assert code_of(s3.put_object, Bucket=bucket, Key='é' * 513, Body=b'') == 'KeyTooLongError'


def check_metadata(bucket):
    """user metadata: spaces, case, empty values → kept; above 2 KiB → MetadataTooLarge"""
    s3.put_object(Bucket=bucket, Key='m', Body=b'', Metadata={'With-Case': 'a  b', 'empty': '', 'sign': '=?&;,"'})
    metadata = s3.head_object(Bucket=bucket, Key='m')['Metadata']
    assert metadata['with-case'] in ('a  b', 'a b') and metadata['empty'] == '' and metadata['sign'] == '=?&;,"', metadata
    assert code_of(s3.put_object, Bucket=bucket, Key='m', Body=b'', Metadata={'m': 'x' * 2048}) == 'MetadataTooLarge'


def check_conditions(bucket):
    """conditions on reads and writes → 304, 412, or the object"""
    etag = s3.put_object(Bucket=bucket, Key='c', Body=b'1')['ETag']
    assert code_of(s3.get_object, Bucket=bucket, Key='c', IfNoneMatch=etag) == '304'
    assert code_of(s3.get_object, Bucket=bucket, Key='c', IfMatch='"0"') == 'PreconditionFailed'
    assert s3.get_object(Bucket=bucket, Key='c', IfMatch=etag)['Body'].read() == b'1'
    assert code_of(s3.put_object, Bucket=bucket, Key='c', Body=b'2', IfNoneMatch='*') == 'PreconditionFailed'
    assert code_of(s3.put_object, Bucket=bucket, Key='new', Body=b'2', IfNoneMatch='*') is None
    if NEW:
        assert code_of(s3.put_object, Bucket=bucket, Key='c', Body=b'2', IfMatch='"0"') == 'PreconditionFailed'
        s3.put_object(Bucket=bucket, Key='c', Body=b'2', IfMatch=etag)


def check_checksums(bucket):
    """checksums: asked for → verified, stored and returned; wrong Content-MD5 → BadDigest, nothing stored"""
    body = sample(10_000)
    for algorithm in ('CRC32', 'SHA1', 'SHA256'):
        put = s3.put_object(Bucket=bucket, Key=algorithm, Body=body, ChecksumAlgorithm=algorithm)
        got = s3.get_object(Bucket=bucket, Key=algorithm, ChecksumMode='ENABLED')
        assert got['Body'].read() == body and got[f'Checksum{algorithm}'] == put[f'Checksum{algorithm}'], got
    crc = base64.b64encode(zlib.crc32(body).to_bytes(4, 'big')).decode()
    assert s3.head_object(Bucket=bucket, Key='CRC32', ChecksumMode='ENABLED')['ChecksumCRC32'] == crc
    if NEW:
        assert s3.put_object(Bucket=bucket, Key='default', Body=body)['ChecksumCRC32'] == crc
    wrong = base64.b64encode(hashlib.md5(b'other').digest()).decode()
    assert code_of(s3.put_object, Bucket=bucket, Key='bad', Body=body, ContentMD5=wrong) == 'BadDigest'
    assert code_of(s3.head_object, Bucket=bucket, Key='bad') == '404'


def check_attributes(bucket):
    """get_object_attributes → size, ETag without quotes, storage class"""
    etag = s3.put_object(Bucket=bucket, Key='a', Body=b'12345')['ETag']
    wanted = ['ETag', 'ObjectSize', 'StorageClass']
    got = s3.get_object_attributes(Bucket=bucket, Key='a', ObjectAttributes=wanted)
    assert (got['ETag'], got['ObjectSize'], got['StorageClass']) == (etag.strip('"'), 5, 'STANDARD'), got


def check_browser_form(bucket):
    """generate_presigned_post: a form as a browser sends it → stored as its policy allows, else refused"""
    client = boto3.client('s3', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))
    conditions = [{'success_action_status': '201'}, ['starts-with', '$Content-Type', 'image/'], ['content-length-range', 1, 10]]
    form = client.generate_presigned_post(bucket, 'user/${filename}', Fields={'success_action_status': '201'},
                                          Conditions=conditions, ExpiresIn=60)

    def post(content, content_type='image/png', **more):
        fields = {**form['fields'], 'Content-Type': content_type, **more}
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()]
        head = ''.join(parts) + '--b\r\nContent-Disposition: form-data; name="file"; filename="ü.png"\r\n\r\n'
        body = head.encode() + content + b'\r\n--b--\r\n'
        request = urllib.request.Request(form['url'], data=body, headers={'Content-Type': 'multipart/form-data; boundary=b'})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    status, text = post(b'0123456789')
    assert status == 201 and '<Key>user/ü.png</Key>' in text, text
    got = s3.get_object(Bucket=bucket, Key='user/ü.png')
    assert got['Body'].read() == b'0123456789' and got['ContentType'] == 'image/png', got
    for expected, answer in [
        ('EntityTooLarge', post(b'01234567890')),
        ('EntityTooSmall', post(b'')),
        ('Policy Condition failed: ["starts-with", "$Content-Type", "image/"]', post(b'0', 'text/plain')),
        ('Extra input fields: acl', post(b'0', acl='private')),
        ('SignatureDoesNotMatch', post(b'0', policy=form['fields']['policy'][:-4])),
    ]:
        assert answer[0] in (400, 403) and expected in answer[1].replace('&quot;', '"'), (expected, answer)


def check_virtual_host(bucket):
    """virtual-host addressing by bucket.localhost → same object as by path"""
    endpoint = s3.meta.endpoint_url.replace('127.0.0.1', 'localhost')
    s3.put_object(Bucket=bucket, Key='v', Body=b'by path')
    client = boto3.client('s3', endpoint_url=endpoint, config=Config(signature_version='s3v4', s3={'addressing_style': 'virtual'}))
    url = client.generate_presigned_url('get_object', Params={'Bucket': bucket, 'Key': 'v'})
    host = urllib.request.urlparse(url).netloc
    assert host.startswith(f'{bucket}.localhost'), url
    by_address = url.replace(host, s3.meta.endpoint_url.split('//')[1], 1)
    with urllib.request.urlopen(urllib.request.Request(by_address, headers={'Host': host})) as answer:
        assert answer.read() == b'by path'


def check_refusals(bucket):
    """no bucket, wrong secret, unknown key id, bucket not empty → the codes AWS answers"""
    assert code_of(s3.list_objects_v2, Bucket='no-such-bucket-here') == 'NoSuchBucket'
    path_style = Config(s3={'addressing_style': 'path'})
    known = os.environ['AWS_ACCESS_KEY_ID']
    wrong = boto3.client('s3', aws_access_key_id=known, aws_secret_access_key='wrong', config=path_style)
    assert code_of(wrong.put_object, Bucket=bucket, Key='k', Body=b'x') == 'SignatureDoesNotMatch'
    other = boto3.client('s3', aws_access_key_id='NOBODY', aws_secret_access_key='wrong', config=path_style)
    assert code_of(other.get_object, Bucket=bucket, Key='k') == 'InvalidAccessKeyId'
    s3.put_object(Bucket=bucket, Key='k', Body=b'x')
    assert code_of(s3.delete_bucket, Bucket=bucket) == 'BucketNotEmpty'


def given(number, _name):
    bucket = f'boto3-{"new" if NEW else "old"}-{number}'
    s3.create_bucket(Bucket=bucket)
    return [bucket]


run(globals(), given)
