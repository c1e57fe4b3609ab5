"""Topics as users of boto3's sns client make, subscribe to and filter them; prints one JSON line a check.

The first line of a check's doc string is its name in the test report. Each check has topics and queues of its own.
"""
import http.server
import json
import threading
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from checks import run

once = {'retries': {'total_max_attempts': 1}}
sns = boto3.client('sns', config=Config(**once))
sqs = boto3.client('sqs', config=Config(**once))
iam = boto3.client('iam', config=Config(**once))
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, **once))


def subscribed(**attributes):
    """A topic, a queue of its own that has subscribed with these attributes, and the subscription."""
    name = f'of-{uuid.uuid4()}'
    topic = sns.create_topic(Name=name)['TopicArn']
    url = sqs.create_queue(QueueName=name)['QueueUrl']
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['QueueArn'])['Attributes']['QueueArn']
    made = sns.subscribe(
        TopicArn=topic, Protocol='sqs', Endpoint=queue, Attributes=attributes, ReturnSubscriptionArn=True
    )
    return topic, url, made['SubscriptionArn']


def receive(url, wait=0):
    """All that is there, deleted."""
    found = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=wait, MessageAttributeNames=['All']
    ).get('Messages', [])
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
    return found


def text(value):
    return {'DataType': 'String', 'StringValue': value}


def refused(call, code, message):
    try:
        call()
    except ClientError as error:
        told = error.response['Error']
        assert (told['Code'], told['Message']) == (code, message), told
        assert error.response['ResponseMetadata']['HTTPStatusCode'] == (404 if 'NotFound' in code else 400), told
        return
    raise AssertionError(f'not refused with {code}: {message}')


def check_topic_attributes():
    """attributes of topics → set, read and refused as at AWS"""
    topic = sns.create_topic(Name=f'a-{uuid.uuid4()}', Attributes={'DisplayName': 'd'})['TopicArn']
    sns.set_topic_attributes(TopicArn=topic, AttributeName='SignatureVersion', AttributeValue='2')
    found = sns.get_topic_attributes(TopicArn=topic)['Attributes']
    assert found['DisplayName'] == 'd' and found['SignatureVersion'] == '2', found
    assert {found[f'Subscriptions{of}'] for of in ('Confirmed', 'Pending', 'Deleted')} == {'0'}, found

    def put(name, value):
        return lambda: sns.set_topic_attributes(TopicArn=topic, AttributeName=name, AttributeValue=value)

    refused(put('Invented', 'x'), 'InvalidParameter', 'Invalid parameter: AttributeName')
    refused(
        put('FifoTopic', 'true'),
        'InvalidParameter',
        'Invalid parameter: AttributeName Reason: FifoTopic is not implemented: S3 sends its events to standard topics only',
    )
    put('DeliveryPolicy', '{"http": {"defaultHealthyRetryPolicy": {"numRetries": 5}}}')()
    effective = json.loads(sns.get_topic_attributes(TopicArn=topic)['Attributes']['EffectiveDeliveryPolicy'])
    retries = effective['http']['defaultHealthyRetryPolicy']
    assert (retries['numRetries'], retries['minDelayTarget'], retries['backoffFunction']) == (5, 20, 'linear'), effective
    put('DeliveryPolicy', '')()
    assert 'DeliveryPolicy' not in sns.get_topic_attributes(TopicArn=topic)['Attributes']
    refused(
        lambda: sns.get_topic_attributes(TopicArn='topic'),
        'InvalidParameter',
        'Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1',
    )
    refused(lambda: sns.get_topic_attributes(TopicArn=f'{topic}-none'), 'NotFound', 'Topic does not exist')


def check_subscription_attributes():
    """attributes of subscriptions → set, read, taken away and refused as at AWS"""
    topic, url, arn = subscribed()

    def put(name, value):
        return sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName=name, AttributeValue=value)

    def read():
        return sns.get_subscription_attributes(SubscriptionArn=arn)['Attributes']

    found = read()
    assert found['TopicArn'] == topic and found['RawMessageDelivery'] == 'false', found
    assert found['PendingConfirmation'] == 'false' and found['ConfirmationWasAuthenticated'] == 'true', found
    assert 'FilterPolicy' not in found and 'FilterPolicyScope' not in found, found
    put('RawMessageDelivery', 'TRUE')
    put('FilterPolicy', '{"kind": ["a"]}')
    found = read()
    assert found['RawMessageDelivery'] == 'true' and found['FilterPolicyScope'] == 'MessageAttributes', found
    put('FilterPolicy', '')
    assert 'FilterPolicy' not in read()
    for name, value, message in [
        ('Invented', 'x', 'Invalid parameter: AttributeName'),
        ('RawMessageDelivery', 'x', 'Invalid parameter: RawMessageDelivery: Invalid value [x]. Must be true or false.'),
        ('FilterPolicy', '{', 'Invalid parameter: FilterPolicy: failed to parse JSON.'),
        ('FilterPolicy', '{"a": "b"}', 'Invalid parameter: FilterPolicy: "a" must be an object or an array'),
        (
            'FilterPolicy',
            '{"a": {"b": ["c"]}}',
            'Invalid parameter: Filter policy scope MessageAttributes does not support nested filter policy',
        ),
        (
            'FilterPolicyScope',
            'Body',
            'Invalid parameter: FilterPolicyScope: Invalid value [Body]. '
            'Please use either MessageBody or MessageAttributes',
        ),
    ]:
        refused(lambda: put(name, value), 'InvalidParameter', message)
    refused(
        lambda: sns.set_subscription_attributes(
            SubscriptionArn=f'{topic}:none', AttributeName='RawMessageDelivery', AttributeValue='true'
        ),
        'NotFound',
        'Subscription does not exist',
    )
    refused(
        lambda: sns.unsubscribe(SubscriptionArn='subscription'),
        'InvalidParameter',
        'Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1',
    )


def check_subscribe_refusals():
    """subscriptions that cannot be → AWS's own errors"""
    topic, url, arn = subscribed(RawMessageDelivery='true')
    endpoint = sns.get_subscription_attributes(SubscriptionArn=arn)['Attributes']['Endpoint']

    def ask(protocol='sqs', to=endpoint, **attributes):
        return lambda: sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint=to, Attributes=attributes)

    assert ask(RawMessageDelivery='true')()['SubscriptionArn'] == arn
    for call, message in [
        (ask(RawMessageDelivery='false'), 'Attributes Reason: Subscription already exists with different attributes'),
        (
            ask(RawMessageDelivery='x'),
            'Attributes Reason: RawMessageDelivery: Invalid value [x]. Must be true or false.',
        ),
        (ask(Invented='x'), 'Attributes Reason: AttributeName'),
        (ask(FilterPolicy='{'), 'Attributes Reason: FilterPolicy: failed to parse JSON.'),
        (ask('carrier-pigeon', 'x'), 'Amazon SNS does not support this protocol string: carrier-pigeon'),
        (ask('https', 'http://127.0.0.1/'), 'Endpoint must match the specified protocol'),
    ]:
        refused(call, 'InvalidParameter', f'Invalid parameter: {message}')


def check_raw_attributes():
    """raw delivery → the message itself, with the attributes as those of the message; in an envelope → within it"""
    topic, url, arn = subscribed(RawMessageDelivery='true')
    attributes = {
        'kind': text('picture'),
        'size': {'DataType': 'Number', 'StringValue': '12.5'},
        'bytes': {'DataType': 'Binary', 'BinaryValue': b'\x00\xff'},
    }
    sns.publish(TopicArn=topic, Message='raw & <plain>', Subject='gone', MessageAttributes=attributes)
    [message] = receive(url, wait=20)
    assert message['Body'] == 'raw & <plain>' and message['MessageAttributes'] == attributes, message
    sns.set_subscription_attributes(SubscriptionArn=arn, AttributeName='RawMessageDelivery', AttributeValue='false')
    sent = sns.publish(TopicArn=topic, Message='m', Subject='kept', MessageAttributes=attributes)
    [message] = receive(url, wait=20)
    body = json.loads(message['Body'])
    assert 'MessageAttributes' not in message, message
    assert (body['Message'], body['Subject'], body['MessageId']) == ('m', 'kept', sent['MessageId']), body
    assert body['MessageAttributes'] == {
        'kind': {'Type': 'String', 'Value': 'picture'},
        'size': {'Type': 'Number', 'Value': '12.5'},
        'bytes': {'Type': 'Binary', 'Value': 'AP8='},
    }, body
    assert body['SignatureVersion'] == '1' and body['SigningCertURL'].endswith('.pem'), body


def check_filters():
    """filter policies by attributes → each operator has those pass that it names, and no other"""
    policy = {
        'kind': ['a', {'prefix': 'p-'}, {'anything-but': ['x', 'y', 'z']}],
        'size': [{'numeric': ['>', 1, '<=', 10]}],
        'gone': [{'exists': False}],
    }
    topic, url, _ = subscribed(RawMessageDelivery='true', FilterPolicy=json.dumps(policy))

    def publish(message, **attributes):
        given = {
            name: text(value) if isinstance(value, str) else {'DataType': 'Number', 'StringValue': str(value)}
            for name, value in attributes.items()
        }
        sns.publish(TopicArn=topic, Message=message, MessageAttributes=given)

    publish('1', kind='a', size=2)
    publish('no kind', size=2)
    publish('kind', kind='x', size=2)
    publish('2', kind='p-x', size=10)
    publish('size', kind='a', size=11)
    publish('text', kind='a', size='2')
    publish('gone', kind='a', size=2, gone='here')
    publish('3', kind='other', size=1.5)
    assert [message['Body'] for message in receive(url, wait=20)] == ['1', '2', '3']


def check_body_filters():
    """filter policies by body → of S3's events only those that they name"""
    policy = {'Records': {'eventName': [{'prefix': 'ObjectCreated:'}], 's3': {'object': {'key': [{'suffix': '.jpg'}]}}}}
    topic, url, _ = subscribed(FilterPolicyScope='MessageBody', FilterPolicy=json.dumps(policy))
    bucket = f'bucket-{uuid.uuid4()}'
    s3.create_bucket(Bucket=bucket)
    rule = {'TopicArn': topic, 'Events': ['s3:ObjectCreated:*', 's3:ObjectRemoved:*']}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={'TopicConfigurations': [rule]})
    for key in ('a.txt', 'b.jpg'):
        s3.put_object(Bucket=bucket, Key=key, Body=b'x')
        s3.delete_object(Bucket=bucket, Key=key)
    s3.put_object(Bucket=bucket, Key='c.jpg', Body=b'x')
    keys = []
    while len(keys) < 2:
        for message in receive(url, wait=20):
            record = json.loads(json.loads(message['Body'])['Message'])['Records'][0]
            keys.append((record['eventName'], record['s3']['object']['key']))
    assert sorted(keys) == [('ObjectCreated:Put', 'b.jpg'), ('ObjectCreated:Put', 'c.jpg')], keys
    assert receive(url) == []


def check_batches():
    """batches → each message with an id of its own; those that are none → AWS's own errors"""
    topic, url, _ = subscribed(RawMessageDelivery='true')

    def publish(*entries):
        return sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=list(entries))

    both = json.dumps({'default': 'd', 'sqs': 'for queues'})
    done = publish({'Id': 'a', 'Message': 'one'}, {'Id': 'b', 'Message': both, 'MessageStructure': 'json'})
    assert [one['Id'] for one in done['Successful']] == ['a', 'b'] and done['Failed'] == [], done
    assert sorted(message['Body'] for message in receive(url, wait=20)) == ['for queues', 'one']
    for call, code, message in [
        (
            lambda: publish({'Id': 'a', 'Message': '1'}, {'Id': 'a', 'Message': '2'}),
            'BatchEntryIdsNotDistinct',
            'Two or more batch entries in the request have the same Id.',
        ),
        (
            lambda: publish(*({'Id': one, 'Message': 'x' * 131073} for one in 'ab')),
            'BatchRequestTooLong',
            'The length of all the batch messages put together is more than the limit.',
        ),
        (
            lambda: publish({'Id': 'a b', 'Message': '1'}),
            'InvalidBatchEntryId',
            'A batch entry id can only contain alphanumeric characters, hyphens and underscores, 80 at most.',
        ),
        (
            lambda: sns.publish(TopicArn=topic, Message='{}', MessageStructure='json'),
            'InvalidParameter',
            'Invalid parameter: Message Structure - No default entry in JSON message body',
        ),
        (
            lambda: sns.publish(TopicArn=topic, Message='{', MessageStructure='json'),
            'InvalidParameter',
            'Invalid parameter: Message Structure - JSON message body failed to parse',
        ),
        (lambda: sns.publish(TopicArn=topic, Message='x' * 262145), 'InvalidParameter', 'Invalid parameter: Message too long'),
    ]:
        refused(call, code, message)


def check_tags_and_permissions():
    """tags and permissions of topics → set, read, taken away, and asked by policies"""
    name = f'a-{uuid.uuid4()}'
    tags = [{'Key': 'team', 'Value': 'a'}, {'Key': 'x', 'Value': ''}]
    topic = sns.create_topic(Name=name, Tags=tags)['TopicArn']
    assert sns.create_topic(Name=name, Tags=tags)['TopicArn'] == topic
    refused(
        lambda: sns.create_topic(Name=name, Tags=tags[:1]),
        'InvalidParameter',
        'Invalid parameter: Tags Reason: Topic already exists with different tags',
    )
    user = iam.create_user(UserName=name)['User']
    key = iam.create_access_key(UserName=name)['AccessKey']
    keys = {'aws_access_key_id': key['AccessKeyId'], 'aws_secret_access_key': key['SecretAccessKey']}
    client = boto3.client('sns', config=Config(**once), **keys)
    statement = {'Effect': 'Allow', 'Action': 'sns:Publish', 'Resource': '*'}
    statement['Condition'] = {'StringEquals': {'aws:ResourceTag/team': 'b'}}
    document = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
    iam.put_user_policy(UserName=name, PolicyName='publish', PolicyDocument=document)
    deny = {'Effect': 'Deny', 'Principal': {'AWS': user['Arn']}, 'Action': 'sns:Publish', 'Resource': topic}
    deny['Condition'] = {'StringNotEquals': {'aws:ResourceTag/team': 'b'}}
    policy = json.dumps({'Version': '2012-10-17', 'Statement': [deny]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName='Policy', AttributeValue=policy)
    try:
        client.publish(TopicArn=topic, Message='m')
        raise AssertionError('published without the tag')
    except ClientError as error:
        assert error.response['Error']['Code'] == 'AuthorizationError', error.response
    sns.tag_resource(ResourceArn=topic, Tags=[{'Key': 'team', 'Value': 'b'}])
    client.publish(TopicArn=topic, Message='m')
    sns.untag_resource(ResourceArn=topic, TagKeys=['x'])
    assert sns.list_tags_for_resource(ResourceArn=topic)['Tags'] == [{'Key': 'team', 'Value': 'b'}]
    none = lambda: sns.list_tags_for_resource(ResourceArn=f'{topic}-none')
    refused(none, 'ResourceNotFound', 'Resource does not exist')
    more = {'TopicArn': topic, 'Label': 'more', 'AWSAccountId': ['000000000000'], 'ActionName': ['Publish']}
    sns.add_permission(**more)
    refused(lambda: sns.add_permission(**more), 'InvalidParameter', 'Invalid parameter: Statement already exists')
    found = json.loads(sns.get_topic_attributes(TopicArn=topic)['Attributes']['Policy'])
    assert [one.get('Sid') for one in found['Statement']] == [None, 'more'], found
    assert found['Statement'][1]['Action'] == ['SNS:Publish'], found
    sns.remove_permission(TopicArn=topic, Label='more')
    found = json.loads(sns.get_topic_attributes(TopicArn=topic)['Attributes']['Policy'])
    assert len(found['Statement']) == 1, found


class Endpoint(http.server.BaseHTTPRequestHandler):
    """Takes what says who it is, and nothing else."""

    sent = []

    def do_POST(self):
        text = self.rfile.read(int(self.headers['content-length'])).decode()
        kind = self.headers['x-amz-sns-message-type']
        Endpoint.sent.append((kind, self.headers['content-type'], text, time.monotonic()))
        self.send_response(200 if kind == 'SubscriptionConfirmation' else 500)
        self.end_headers()

    def log_message(self, *_):
        pass


def check_delivery_policy():
    """an endpoint that takes nothing → tried as the policies say, and what was given up comes to the queue that the subscription names"""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    name = f'a-{uuid.uuid4()}'
    url = sqs.create_queue(QueueName=name)['QueueUrl']
    queue = f'arn:aws:sqs:us-east-1:000000000000:{name}'
    retry = {'minDelayTarget': 1, 'maxDelayTarget': 1, 'numRetries': 2, 'numNoDelayRetries': 2}
    request = {'headerContentType': 'application/json'}
    policy = json.dumps({'http': {'defaultHealthyRetryPolicy': retry, 'defaultRequestPolicy': request}})
    topic = sns.create_topic(Name=name, Attributes={'DeliveryPolicy': policy})['TopicArn']
    endpoint = f'http://127.0.0.1:{server.server_address[1]}/'
    redrive = json.dumps({'deadLetterTargetArn': queue})
    made = {'TopicArn': topic, 'Protocol': 'http', 'Endpoint': endpoint, 'ReturnSubscriptionArn': True}
    arn = sns.subscribe(**made, Attributes={'RedrivePolicy': redrive})['SubscriptionArn']
    deadline = time.time() + 30
    while not Endpoint.sent and time.time() < deadline:
        time.sleep(0.05)
    token = json.loads(Endpoint.sent[0][2])['Token']
    assert sns.confirm_subscription(TopicArn=topic, Token=token)['SubscriptionArn'] == arn
    found = sns.get_subscription_attributes(SubscriptionArn=arn)['Attributes']
    effective = json.loads(found['EffectiveDeliveryPolicy'])
    assert json.loads(found['RedrivePolicy']) == json.loads(redrive), found
    assert effective['healthyRetryPolicy']['numRetries'] == 2 and effective['requestPolicy'] == request, found
    sent = sns.publish(TopicArn=topic, Message='m')['MessageId']
    [letter] = receive(url, wait=20)
    assert json.loads(letter['Body'])['MessageId'] == sent, letter
    assert letter['MessageAttributes']['ErrorMessage']['StringValue'] == 'answered 500', letter
    tried = [kind for kind in Endpoint.sent if kind[0] == 'Notification']
    assert [kind for _, kind, *_ in tried] == ['application/json'] * 3, tried

    own = {'healthyRetryPolicy': {'numRetries': 0}, 'throttlePolicy': {'maxReceivesPerSecond': 2}}
    own = {'AttributeName': 'DeliveryPolicy', 'AttributeValue': json.dumps(own)}
    sns.set_subscription_attributes(SubscriptionArn=arn, **own)
    del Endpoint.sent[:]
    for text in 'abc':
        sns.publish(TopicArn=topic, Message=text)
    letters = []
    while len(letters) < 3:
        letters += receive(url, wait=20)
    times = [at for *_, at in Endpoint.sent]
    # Half a second each; the first may be seen late.
    assert len(times) == 3 and times[2] - times[0] > 0.5, times
    server.shutdown()

    topic, url, arn = subscribed(RedrivePolicy=redrive)
    sqs.delete_queue(QueueUrl=url)
    sns.publish(TopicArn=topic, Message='for a queue that is gone')
    [letter] = receive(f'{url.rsplit("/", 1)[0]}/{name}', wait=20)
    assert json.loads(letter['Body'])['Message'] == 'for a queue that is gone', letter
    elsewhere = json.dumps({'deadLetterTargetArn': f'{queue}-none'})
    put = {'SubscriptionArn': arn, 'AttributeName': 'RedrivePolicy', 'AttributeValue': elsewhere}
    reason = 'deadLetterTargetArn Reason: no such queue is here or in the configuration'
    message = f'Invalid parameter: RedrivePolicy: {reason}'
    refused(lambda: sns.set_subscription_attributes(**put), 'InvalidParameter', message)


run(globals())
