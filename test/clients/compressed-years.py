"""Years of rules in a minute or two, by boto3 alone, on a server whose days have half a second: each thing that rules do is
watched from the beginning, and must come at its time, not before and not long after. The server may be killed meanwhile.

Prints a line of JSON with each tenth day that has passed, and one for each thing that was watched.
"""
import csv
import gzip
import io
import json
import sys
import time
import traceback

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

DAY = float(sys.argv[1])
# How long after its time a thing may come, or after the server has come back: passes take turns with all else, and on a busy
# machine all of it takes its time. Nothing waits for it but what fails.
LATE = 40.0
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, retries={'total_max_attempts': 1}))
MONITORED = b'x' * 128 * 1024


class Server:
    """What was seen of the server last."""

    is_away = False
    back = 0.0

    def ask(self, call):
        """Whether it answered, and what. It may be killed at any moment, or not have come back."""
        try:
            answer = call()
        except (BotoCoreError, ResponseParserError, HTTPError) as error:
            # Of an answer that says no, botocore lets through whatever goes wrong while its body is read.
            return self.lost(error)
        except ClientError as error:
            if status_of(error) < 500:
                raise
            return self.lost(error)
        if self.is_away:
            self.is_away, self.back = False, time.time()
        return True, answer

    def lost(self, error):
        self.is_away = True
        return False, error


def status_of(error):
    return error.response['ResponseMetadata']['HTTPStatusCode']


server = Server()


class Watch:
    """Something that is to happen so many days after it was begun, over with the day in which the last one ends."""

    def __init__(self, name, look, days, begun, at_once=False):
        self.name, self.look, self.begun = name, look, begun
        (before, after) = begun
        self.not_before = before if at_once else (before // DAY + days + 1) * DAY
        self.due = after if at_once else (after // DAY + days + 1) * DAY
        self.failure = None
        self.late = None
        self.done = False

    def poll(self):
        asked = time.time()
        try:
            is_answered, happened = server.ask(self.look)
        except Exception:
            self.done, self.failure = True, traceback.format_exc()
            return
        if not is_answered:
            return
        waited = asked - max(self.due, server.back)
        if happened:
            self.done = True
            self.late = round(time.time() - self.not_before, 2)
            if self.late < 0:
                self.failure = f'{-self.late} s too early'
        elif waited > LATE:
            self.done = True
            self.failure = f'not there {asked - self.due:.2f} s after its time, {waited:.2f} s of them with a server'


def timed(call):
    """When it was begun and when it was done, and what it gave."""
    before = time.time()
    given = call()
    return (before, time.time()), given


def put(bucket, key, body=b'x', **named):
    begun, given = timed(lambda: s3.put_object(Bucket=bucket, Key=key, Body=body, **named))
    return begun, given.get('VersionId')


def make(bucket, versioned=False):
    s3.create_bucket(Bucket=bucket)
    if versioned:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})
    return bucket


def configure(bucket, *rules):
    numbered = [{'ID': f'rule-{i}', 'Status': 'Enabled', **rule} for i, rule in enumerate(rules)]
    return timed(lambda: s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={'Rules': numbered}))[0]


def keys(bucket, prefix=''):
    return [found['Key'] for found in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get('Contents', [])]


def versions(bucket, kind='Versions'):
    return [found['VersionId'] for found in s3.list_object_versions(Bucket=bucket).get(kind, [])]


def code_of(call, **named):
    try:
        call(**named)
        return None
    except ClientError as error:
        if status_of(error) >= 500:
            raise
        return error.response['Error']['Code']


def is_refused(bucket, key):
    return code_of(s3.get_object, Bucket=bucket, Key=key) == 'InvalidObjectState'


def expirations():
    bucket = make('expirations')
    for key in ('kept', 'future'):
        put(bucket, key)
    days, _ = put(bucket, 'days/k')
    put(bucket, 'past')
    tagged, _ = put(bucket, 'tagged', Tagging='keep=no')
    configured = configure(
        bucket,
        {'Filter': {'Prefix': 'days/'}, 'Expiration': {'Days': 3}},
        {'Filter': {'Prefix': 'past'}, 'Expiration': {'Date': '2015-01-01'}},
        {'Filter': {'Prefix': 'future'}, 'Expiration': {'Date': '2099-01-01'}},
        {'Filter': {'Tag': {'Key': 'keep', 'Value': 'no'}}, 'Expiration': {'Days': 50}})
    return [
        Watch('Expiration by Days', lambda: 'days/k' not in keys(bucket), 3, days),
        Watch('Expiration by a Date that has passed', lambda: 'past' not in keys(bucket), 0, configured, at_once=True),
        Watch('Expiration by a tag', lambda: 'tagged' not in keys(bucket), 50, tagged),
    ], lambda: keys(bucket) == ['future', 'kept']


def noncurrent_versions():
    bucket = make('noncurrent', versioned=True)
    configure(bucket, {'Filter': {}, 'NoncurrentVersionExpiration': {
        'NoncurrentDays': 5, 'NewerNoncurrentVersions': 1}})
    made = [put(bucket, 'k') for _ in range(3)]
    oldest, successor = made[0][1], made[1][0]
    return [
        Watch('NoncurrentVersionExpiration', lambda: oldest not in versions(bucket), 5, successor),
    ], lambda: versions(bucket) == [made[2][1], made[1][1]]


def markers():
    bucket = make('markers', versioned=True)
    _, version = put(bucket, 'k')
    marked, _ = timed(lambda: s3.delete_object(Bucket=bucket, Key='k'))
    configure(bucket, {'Filter': {}, 'NoncurrentVersionExpiration': {'NoncurrentDays': 7}},
              {'Filter': {'Prefix': 'k'}, 'Expiration': {'ExpiredObjectDeleteMarker': True}})
    return [
        Watch('the version below a marker', lambda: version not in versions(bucket), 7, marked),
        Watch('ExpiredObjectDeleteMarker', lambda: versions(bucket, 'DeleteMarkers') == [], 7, marked),
    ], lambda: True


def uploads():
    bucket = make('uploads')
    configure(bucket, {'Filter': {'Prefix': 'a'}, 'AbortIncompleteMultipartUpload': {'DaysAfterInitiation': 6}})
    begun, _ = timed(lambda: s3.create_multipart_upload(Bucket=bucket, Key='a'))
    s3.create_multipart_upload(Bucket=bucket, Key='b')
    look = lambda: [upload['Key'] for upload in s3.list_multipart_uploads(Bucket=bucket).get('Uploads', [])]
    return [Watch('AbortIncompleteMultipartUpload', lambda: look() == ['b'], 6, begun)], lambda: look() == ['b']


def transitions():
    bucket = make('transitions', versioned=True)
    steps = [('STANDARD_IA', 30), ('GLACIER_IR', 60), ('GLACIER', 90), ('DEEP_ARCHIVE', 120)]
    configure(
        bucket,
        {'Filter': {'Prefix': 'current'}, 'Transitions': [{'StorageClass': to, 'Days': days} for to, days in steps]},
        {'Filter': {'Prefix': 'old'}, 'NoncurrentVersionTransitions': [
            {'StorageClass': 'GLACIER', 'NoncurrentDays': 40}]})
    begun, _ = put(bucket, 'current', MONITORED)
    _, old = put(bucket, 'old', MONITORED)
    successor, _ = put(bucket, 'old', MONITORED)
    classes = ['STANDARD', *(to for to, _ in steps)]
    class_of = lambda **named: s3.head_object(Bucket=bucket, **named).get('StorageClass', 'STANDARD')

    def reached(to):
        return lambda: classes.index(class_of(Key='current')) >= classes.index(to)
    return [
        *(Watch(f'Transition to {to}', reached(to), days, begun) for to, days in steps),
        Watch('NoncurrentVersionTransition', lambda: class_of(Key='old', VersionId=old) == 'GLACIER', 40, successor),
    ], lambda: class_of(Key='old') == 'STANDARD'


def restores():
    bucket = make('restores')
    put(bucket, 'k', StorageClass='GLACIER')
    # For so long that somebody looks meanwhile, also where all else takes its time.
    begun, _ = timed(lambda: s3.restore_object(Bucket=bucket, Key='k', RestoreRequest={'Days': 80}))
    # Five hours.
    ready = tuple(at + DAY * 5 / 24 for at in begun)
    return [
        Watch('a restored object is read', lambda: not is_refused(bucket, 'k'), 0, ready, at_once=True),
        Watch('its days are over',
              lambda: is_refused(bucket, 'k') and 'Restore' not in s3.head_object(Bucket=bucket, Key='k')
              and time.time() > ready[1] + DAY, 80, ready),
    ], lambda: is_refused(bucket, 'k')


class Reports:
    """What daily reports say of the tiers of a bucket's objects."""

    def __init__(self, source, destination):
        self.source, self.destination = source, destination
        policy = {'Version': '2012-10-17', 'Statement': [{
            'Effect': 'Allow', 'Principal': {'Service': 's3.amazonaws.com'}, 'Action': 's3:PutObject',
            'Resource': f'arn:aws:s3:::{destination}/*'}]}
        s3.put_bucket_policy(Bucket=destination, Policy=json.dumps(policy))
        self.known = {}
        self.asked = 0.0

    def put(self, frequency):
        destination = {'S3BucketDestination': {'Bucket': f'arn:aws:s3:::{self.destination}', 'Format': 'CSV'}}
        configuration = {
            'Id': frequency, 'IsEnabled': True, 'IncludedObjectVersions': 'Current', 'Schedule': {
                'Frequency': frequency}, 'Destination': destination, 'OptionalFields': ['IntelligentTieringAccessTier']}
        return timed(lambda: s3.put_bucket_inventory_configuration(
            Bucket=self.source, Id=frequency, InventoryConfiguration=configuration))[0]

    def manifests(self, frequency):
        found = keys(self.destination, f'{self.source}/{frequency}/2')
        return [key for key in found if key.endswith('manifest.json')]

    def tiers(self):
        if time.time() - self.asked < DAY:
            return self.known
        self.asked = time.time()
        last = self.manifests('Daily')[-1:]
        for key in last:
            manifest = json.load(s3.get_object(Bucket=self.destination, Key=key)['Body'])
            # Where reports come late, the data of the last one may have expired.
            if any(code_of(s3.head_object, Bucket=self.destination, Key=file['key']) for file in manifest['files']):
                continue
            self.known = {}
            for file in manifest['files']:
                body = s3.get_object(Bucket=self.destination, Key=file['key'])['Body'].read()
                for _, name, tier in csv.reader(io.StringIO(gzip.decompress(body).decode())):
                    self.known[name] = tier
        return self.known


def tiers():
    """Intelligent-Tiering, and inventory reports, which tell of it."""
    bucket, reports = make('tiered'), Reports('tiered', make('reports'))
    configure('reports', {'Filter': {'Prefix': 'tiered/Daily/data/'}, 'Expiration': {'Days': 40}})
    s3.put_bucket_intelligent_tiering_configuration(
        Bucket=bucket, Id='archives', IntelligentTieringConfiguration={
            'Id': 'archives', 'Status': 'Enabled', 'Filter': {'Prefix': 'archived/'}, 'Tierings': [
                {'AccessTier': 'ARCHIVE_ACCESS', 'Days': 90}, {'AccessTier': 'DEEP_ARCHIVE_ACCESS', 'Days': 180}]})
    tiered = {'StorageClass': 'INTELLIGENT_TIERING'}
    cold, _ = put(bucket, 'archived/cold', MONITORED, **tiered)
    put(bucket, 'archived/small', **tiered)
    put(bucket, 'archived/read', MONITORED, **tiered)
    plain, _ = put(bucket, 'plain', MONITORED, **tiered)
    daily, weekly = reports.put('Daily'), reports.put('Weekly')
    status = lambda key: s3.head_object(Bucket=bucket, Key=key).get('ArchiveStatus')
    tier_is = lambda key, *names: lambda: reports.tiers().get(key) in names
    watches = [
        Watch('a daily report', lambda: reports.manifests('Daily') != [], 0, daily),
        # With the first that are due after it was put, or on the Sunday after that.
        Watch('a weekly report', lambda: reports.manifests('Weekly') != [], 0, (weekly[0], weekly[1] + 7 * DAY)),
        Watch('Infrequent Access', tier_is('plain', 'INFREQUENT', 'ARCHIVE_INSTANT_ACCESS'), 30, plain),
        Watch('Archive Instant Access', tier_is('plain', 'ARCHIVE_INSTANT_ACCESS'), 90, plain),
        Watch('ARCHIVE_ACCESS', lambda: status('archived/cold') is not None, 90, cold),
        Watch('DEEP_ARCHIVE_ACCESS', lambda: status('archived/cold') == 'DEEP_ARCHIVE_ACCESS', 180, cold),
    ]

    def read():
        begun, _ = timed(lambda: s3.get_object(Bucket=bucket, Key='archived/read')['Body'].read())
        return [Watch('ARCHIVE_ACCESS of what was read', lambda: status('archived/read') is not None, 90, begun)]

    asked = []

    def restore():
        asked.append(time.time())
        refusal = code_of(s3.restore_object, Bucket=bucket, Key='archived/read', RestoreRequest={})
        # What was asked for may have come about though the answer was lost.
        if refusal is not None and (refusal != 'RestoreAlreadyInProgress' or len(asked) == 1):
            raise ValueError(f'the restore is refused: {refusal}')
        ready = tuple(at + DAY * 5 / 24 for at in (asked[0], time.time()))
        return [Watch('restored from ARCHIVE_ACCESS', lambda: status('archived/read') is None
                      and not is_refused(bucket, 'archived/read'), 0, ready, at_once=True)]

    schedule = [(60, read), ('ARCHIVE_ACCESS of what was read', restore)]
    return watches, lambda: status('archived/small') is None and status('plain') is None, schedule


def main():
    began = time.time()
    watches, endings, schedule = [], [], []
    for begin in (expirations, noncurrent_versions, markers, uploads, transitions, restores, tiers):
        found, is_right, *more = begin()
        watches += found
        endings.append((begin.__name__, is_right))
        for steps in more:
            schedule += steps
    told = 0
    while schedule or any(not watch.done for watch in watches):
        day = int((time.time() - began) / DAY)
        while told + 10 <= day:
            told += 10
            print(json.dumps({'day': told}), flush=True)
        for when, step in list(schedule):
            awaited = [watch for watch in watches if watch.name == when]
            if any(watch.failure for watch in awaited):
                # It is told of that already; what would follow cannot be.
                schedule.remove((when, step))
                continue
            is_due = day >= when if isinstance(when, int) else any(watch.done for watch in awaited)
            if not is_due:
                continue
            is_answered, begun = server.ask(step)
            # Else the server is away: the next time round.
            if is_answered:
                watches += begun
                schedule.remove((when, step))
        for watch in watches:
            if not watch.done:
                watch.poll()
        time.sleep(DAY / 5)
    for name, is_right in endings:
        is_answered, answer = server.ask(is_right)
        while not is_answered:
            time.sleep(DAY)
            is_answered, answer = server.ask(is_right)
        failure = None if answer else 'it is not'
        print(json.dumps({'watched': f'{name}: all else is as it was', 'failure': failure}), flush=True)
    for watch in watches:
        print(json.dumps({'watched': watch.name, 'seconds-after': watch.late, 'failure': watch.failure}), flush=True)


if __name__ == '__main__':
    sys.exit(main())
