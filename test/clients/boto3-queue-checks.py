"""Queues of events as users of boto3's sqs client fetch from them; prints one JSON line a check.

The first line of a check's doc string is its name in the test report. Each check has a queue of its own.
"""
import hashlib
import json
import time
import uuid

import boto3
from botocore.config import Config
from checks import refused, run

once = {'retries': {'total_max_attempts': 1}}
s3 = boto3.client('s3', config=Config(s3={'addressing_style': 'path'}, **once))
sqs = boto3.client('sqs', config=Config(**once))
iam = boto3.client('iam', config=Config(**once))


def arn(queue):
    return f'arn:aws:sqs:us-east-1:000000000000:{queue}'


def telling(queue, *keys):
    """A bucket that tells the queue of new objects, with these objects; and the queue's URL."""
    bucket = f'bucket-{uuid.uuid4()}'
    s3.create_bucket(Bucket=bucket)
    rule = {'QueueArn': arn(queue), 'Events': ['s3:ObjectCreated:*']}
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={'QueueConfigurations': [rule]}
    )
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b'x')
    return bucket, sqs.get_queue_url(QueueName=queue)['QueueUrl']


def receive(url, **named):
    return sqs.receive_message(QueueUrl=url, **named).get('Messages', [])


def received(url, count, wait={'WaitTimeSeconds': 20}):
    """So many messages, which come one after another, or together where a machine is slow."""
    messages = []
    while len(messages) < count:
        messages += receive(url, MaxNumberOfMessages=10, AttributeNames=['All'], **wait)
    return messages


def waited(message):
    """For how many milliseconds nobody was given it."""
    attributes = message['Attributes']
    return int(attributes['ApproximateFirstReceiveTimestamp']) - int(attributes['SentTimestamp'])


def keys_in(messages):
    bodies = [json.loads(message['Body']) for message in messages]
    return [body['Records'][0]['s3']['object']['key'] if 'Records' in body else body['Event'] for body in bodies]


def check_received_and_deleted():
    """put an object → its message is received, whole; deleted → gone for good"""
    bucket, url = telling('one', 'a', 'b')
    messages = receive(url, MaxNumberOfMessages=10, AttributeNames=['All'])
    assert keys_in(messages) == ['s3:TestEvent', 'a', 'b'], messages
    for message in messages:
        assert message['Attributes']['SenderId'] == 's3.amazonaws.com', message
        assert message['MD5OfBody'] == hashlib.md5(message['Body'].encode()).hexdigest()
        assert message['Attributes']['ApproximateReceiveCount'] == '1', message
    assert json.loads(messages[1]['Body'])['Records'][0]['s3']['bucket']['name'] == bucket
    assert receive(url) == []
    entries = [{'Id': str(i), 'ReceiptHandle': one['ReceiptHandle']} for i, one in enumerate(messages[:2])]
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=entries)['Successful']) == 2
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=messages[2]['ReceiptHandle'], VisibilityTimeout=0)
    [again] = receive(url, MaxNumberOfMessages=10, MessageSystemAttributeNames=['ApproximateReceiveCount'])
    assert again['MessageId'] == messages[2]['MessageId']
    assert again['Attributes'] == {'ApproximateReceiveCount': '2'}, again
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again['ReceiptHandle'])
    assert receive(url) == []


def check_comes_back():
    """received and not deleted → others get it once the time is over"""
    _, url = telling('two')
    [first] = receive(url, VisibilityTimeout=1)
    [second] = receive(url, WaitTimeSeconds=20)
    assert first['MessageId'] == second['MessageId']


def check_waits():
    """nothing there → a receiver that waits gets what comes meanwhile"""
    bucket, url = telling('three')
    sqs.purge_queue(QueueUrl=url)
    s3.put_object(Bucket=bucket, Key='late', Body=b'x')
    assert keys_in(receive(url, WaitTimeSeconds=20)) == ['late']


def check_attributes():
    """attributes → how many wait and how many are out; a queue is found by name, URL and list"""
    _, url = telling('four', 'a', 'b')
    receive(url)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
    assert found['QueueArn'] == arn('four')
    counts = [found['ApproximateNumberOfMessages'], found['ApproximateNumberOfMessagesNotVisible']]
    assert counts == ['2', '1'], found
    assert sqs.list_queues(QueueNamePrefix='fo')['QueueUrls'] == [url]
    assert sqs.create_queue(QueueName='four')['QueueUrl'] == url


def check_sent():
    """messages sent, alone and in batches → received with their attributes, a delayed one later"""
    url = sqs.create_queue(QueueName='sent')['QueueUrl']
    attributes = {
        'kind': {'DataType': 'String', 'StringValue': 'picture'},
        'bytes': {'DataType': 'Binary.raw', 'BinaryValue': b'\x00\xff'},
    }
    sent = sqs.send_message(QueueUrl=url, MessageBody='<a & b>', MessageAttributes=attributes)
    assert sent['MD5OfMessageBody'] == hashlib.md5(b'<a & b>').hexdigest(), sent
    [message] = receive(url, MessageAttributeNames=['All'])
    assert message['Body'] == '<a & b>' and message['MessageId'] == sent['MessageId'], message
    assert message['MessageAttributes'] == attributes, message
    assert message['MD5OfMessageAttributes'] == sent['MD5OfMessageAttributes'], message
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
    trace = {'AWSTraceHeader': {'DataType': 'String', 'StringValue': 'Root=1-5759e988-bd862e3fe1be46a994272793'}}
    traced = sqs.send_message(QueueUrl=url, MessageBody='traced', MessageSystemAttributes=trace)
    # As the SDKs verify it: name, type and value, each with its length before it, 1 for text.
    parts = [b'AWSTraceHeader', b'String', trace['AWSTraceHeader']['StringValue'].encode()]
    lengths = [len(part).to_bytes(4, 'big') for part in parts]
    digest = hashlib.md5(lengths[0] + parts[0] + lengths[1] + parts[1] + b'\x01' + lengths[2] + parts[2])
    assert traced['MD5OfMessageSystemAttributes'] == digest.hexdigest(), traced
    [message] = receive(url, MessageSystemAttributeNames=['All'])
    assert message['Attributes']['AWSTraceHeader'] == trace['AWSTraceHeader']['StringValue'], message
    expected = {'SenderId', 'SentTimestamp', 'ApproximateReceiveCount', 'ApproximateFirstReceiveTimestamp'}
    assert set(message['Attributes']) == {*expected, 'AWSTraceHeader'}, message
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
    for wrong in [{'Invented': trace['AWSTraceHeader']}, {'AWSTraceHeader': {'DataType': 'Binary', 'BinaryValue': b'x'}}]:
        send = lambda wrong=wrong: sqs.send_message(QueueUrl=url, MessageBody='x', MessageSystemAttributes=wrong)
        refused(send, 'InvalidParameterValue')
    bad = {'kind': {'DataType': 'Colour', 'StringValue': 'red'}}
    entries = [
        {'Id': 'a', 'MessageBody': 'one', 'MessageAttributes': {'kind': attributes['kind']}},
        {'Id': 'b', 'MessageBody': 'two', 'DelaySeconds': 1, 'MessageSystemAttributes': trace},
        {'Id': 'c', 'MessageBody': 'three', 'MessageAttributes': bad},
    ]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [one['Id'] for one in answer['Successful']] == ['a', 'b'], answer
    assert answer['Successful'][1]['MD5OfMessageSystemAttributes'] == digest.hexdigest(), answer
    assert [(one['Id'], one['Code']) for one in answer['Failed']] == [('c', 'InvalidParameterValue')], answer
    first, second = received(url, 2)
    assert first['Body'] == 'one' and 'MessageAttributes' not in first, first
    assert second['Body'] == 'two' and waited(second) >= 1000, second
    handles = [{'Id': one['Body'], 'ReceiptHandle': one['ReceiptHandle'], 'VisibilityTimeout': 0} for one in (first, second)]
    changed = sqs.change_message_visibility_batch(
        QueueUrl=url, Entries=[*handles, {'Id': 'none', 'ReceiptHandle': 'x', 'VisibilityTimeout': 0}]
    )
    assert [one['Id'] for one in changed['Successful']] == ['one', 'two'], changed
    assert [(one['Id'], one['Code']) for one in changed['Failed']] == [('none', 'ReceiptHandleIsInvalid')], changed
    assert len(receive(url, MaxNumberOfMessages=10)) == 2
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody='x', DelaySeconds=901), 'InvalidParameterValue')
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody='\x01'), 'InvalidMessageContents')


def check_defaults_of_a_queue():
    """a queue that delays, and has receivers wait → messages and events come later, to whoever asks without saying so"""
    name = f'q-{uuid.uuid4()}'
    attributes = {'DelaySeconds': '1', 'ReceiveMessageWaitTimeSeconds': '20'}
    url = sqs.create_queue(QueueName=name, Attributes=attributes)['QueueUrl']
    sqs.send_message(QueueUrl=url, MessageBody='at once', DelaySeconds=0)
    sqs.send_message(QueueUrl=url, MessageBody='later')
    first, later = received(url, 2, wait={})
    assert first['Body'] == 'at once', first
    assert later['Body'] == 'later' and waited(later) >= 1000, later
    assert later['Attributes']['SenderId'] == '000000000000', later


def check_dead_letters():
    """received too often → in the queue of dead letters, as old as it was and with its attributes; what takes none → refused"""
    name = f'q-{uuid.uuid4()}'
    dead = sqs.create_queue(QueueName=f'{name}-dead')['QueueUrl']
    policy = {'deadLetterTargetArn': arn(f'{name}-dead'), 'maxReceiveCount': '2'}
    url = sqs.create_queue(QueueName=name, Attributes={'RedrivePolicy': json.dumps(policy)})['QueueUrl']
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)['queueUrls'] == [url]
    kind = {'kind': {'DataType': 'String', 'StringValue': 'picture'}}
    sent = sqs.send_message(QueueUrl=url, MessageBody='poison', MessageAttributes=kind)
    bucket, _ = telling(name)
    s3.put_object(Bucket=bucket, Key='k', Body=b'x')
    for _ in range(2):
        assert len(receive(url, MaxNumberOfMessages=10, VisibilityTimeout=0)) == 3
    assert receive(url, MaxNumberOfMessages=10) == []
    moved = receive(dead, MaxNumberOfMessages=10, AttributeNames=['All'], MessageAttributeNames=['All'])
    assert [one['MessageId'] for one in moved][0] == sent['MessageId'] and len(moved) == 3, moved
    assert moved[0]['Body'] == 'poison' and moved[0]['MessageAttributes'] == kind, moved
    assert moved[0]['Attributes']['DeadLetterQueueSourceArn'] == arn(name), moved
    assert json.loads(moved[2]['Body'])['Records'][0]['s3']['object']['key'] == 'k', moved
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={'RedriveAllowPolicy': '{"redrivePermission": "denyAll"}'})
    sqs.send_message(QueueUrl=url, MessageBody='kept')
    for _ in range(3):
        assert len(receive(url, VisibilityTimeout=0)) == 1
    again = {'RedrivePolicy': json.dumps(policy)}
    refused(lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes=again), 'InvalidParameterValue')
    allowed = {'redrivePermission': 'byQueue', 'sourceQueueArns': [arn(f'{name}-4')]}
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={'RedriveAllowPolicy': json.dumps(allowed)})
    sqs.create_queue(QueueName=f'{name}-4', Attributes=again)
    refused(lambda: sqs.create_queue(QueueName=f'{name}-5', Attributes=again), 'InvalidParameterValue')
    policy['deadLetterTargetArn'] = arn('not-there')
    gone = {'RedrivePolicy': json.dumps(policy)}
    refused(lambda: sqs.create_queue(QueueName=f'{name}-3', Attributes=gone), 'InvalidParameterValue')


def ended(source):
    """The last task that moves messages of a queue, once it has ended."""
    until = time.time() + 30
    while time.time() < until:
        [task] = sqs.list_message_move_tasks(SourceArn=source)['Results']
        if task['Status'] != 'RUNNING':
            assert 'TaskHandle' not in task, task
            return task
        time.sleep(0.02)
    raise AssertionError('a task did not end')


def check_dead_letters_moved():
    """dead letters → moved back to where they were, as new messages, or to another queue; a task → listed, cancelled, one at a time"""
    name = f'q-{uuid.uuid4()}'
    dead, other = (sqs.create_queue(QueueName=f'{name}-{kind}')['QueueUrl'] for kind in ('dead', 'other'))
    policy = {'RedrivePolicy': json.dumps({'deadLetterTargetArn': arn(f'{name}-dead'), 'maxReceiveCount': 1})}
    urls = [sqs.create_queue(QueueName=f'{name}-{n}', Attributes=policy)['QueueUrl'] for n in range(2)]
    kind = {'kind': {'DataType': 'String', 'StringValue': 'picture'}}
    sent = [sqs.send_message(QueueUrl=url, MessageBody=f'poison {n}', MessageAttributes=kind) for n, url in enumerate(urls)]
    for url in urls:
        assert len(receive(url, VisibilityTimeout=0)) == 1
        assert receive(url) == []
    started = sqs.start_message_move_task(SourceArn=arn(f'{name}-dead'))
    assert 'TaskHandle' in started
    task = ended(arn(f'{name}-dead'))
    assert task['Status'] == 'COMPLETED' and task['ApproximateNumberOfMessagesMoved'] == 2, task
    assert task['ApproximateNumberOfMessagesToMove'] == 2 and 'DestinationArn' not in task, task
    for n, url in enumerate(urls):
        [back] = receive(url, MessageSystemAttributeNames=['All'], MessageAttributeNames=['All'])
        assert back['Body'] == f'poison {n}' and back['MessageAttributes'] == kind, back
        assert back['MessageId'] != sent[n]['MessageId'] and back['Attributes']['ApproximateReceiveCount'] == '1', back
        assert 'DeadLetterQueueSourceArn' not in back['Attributes'], back
    assert receive(dead) == []
    # Of what was sent to the queue of dead letters itself nobody knows where it was.
    bodies = {str(n) for n in range(100, 130)}
    for tens in ('10', '11', '12'):
        entries = [{'Id': str(n), 'MessageBody': f'{tens}{n}'} for n in range(10)]
        sqs.send_message_batch(QueueUrl=dead, Entries=entries)
    sqs.start_message_move_task(SourceArn=arn(f'{name}-dead'))
    task = ended(arn(f'{name}-dead'))
    assert (task['Status'], task['FailureReason']) == ('FAILED', 'CouldNotDetermineMessageSource'), task
    [out] = receive(dead)
    to = {'SourceArn': arn(f'{name}-dead'), 'DestinationArn': arn(f'{name}-other')}
    handle = sqs.start_message_move_task(**to, MaxNumberOfMessagesPerSecond=1)['TaskHandle']
    refused(lambda: sqs.start_message_move_task(**to), 'AWS.SimpleQueueService.UnsupportedOperation')
    [running] = sqs.list_message_move_tasks(SourceArn=arn(f'{name}-dead'))['Results']
    assert running['TaskHandle'] == handle and running['MaxNumberOfMessagesPerSecond'] == 1, running
    assert sqs.cancel_message_move_task(TaskHandle=handle)['ApproximateNumberOfMessagesMoved'] < 29
    assert ended(arn(f'{name}-dead'))['Status'] == 'CANCELLED'
    refused(lambda: sqs.cancel_message_move_task(TaskHandle=handle), 'AWS.SimpleQueueService.UnsupportedOperation')
    sqs.start_message_move_task(**to)
    assert ended(arn(f'{name}-dead'))['DestinationArn'] == arn(f'{name}-other')
    # What is out stays.
    moved = [one['Body'] for _ in range(3) for one in receive(other, MaxNumberOfMessages=10)]
    assert sorted(moved) == sorted(bodies - {out['Body']}), moved
    sqs.change_message_visibility(QueueUrl=dead, ReceiptHandle=out['ReceiptHandle'], VisibilityTimeout=0)
    assert [one['Body'] for one in receive(dead)] == [out['Body']]
    assert len(sqs.list_message_move_tasks(SourceArn=arn(f'{name}-dead'), MaxResults=10)['Results']) == 4
    move = sqs.start_message_move_task
    refused(lambda: move(SourceArn=arn(f'{name}-other')), 'InvalidParameterValue')
    refused(lambda: move(SourceArn=arn('not-there')), 'ResourceNotFoundException')
    refused(lambda: move(SourceArn=to['SourceArn'], DestinationArn=arn('not-there')), 'ResourceNotFoundException')
    refused(lambda: move(**to, MaxNumberOfMessagesPerSecond=501), 'InvalidParameterValue')
    refused(lambda: sqs.cancel_message_move_task(TaskHandle='x'), 'InvalidParameterValue')
    refused(lambda: sqs.list_message_move_tasks(SourceArn=to['SourceArn'], MaxResults=11), 'InvalidParameterValue')


def check_permission():
    """a user → what its policies say, on the queue that they name"""
    name = f'user-{uuid.uuid4()}'
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)['AccessKey']
    named = {'aws_access_key_id': key['AccessKeyId'], 'aws_secret_access_key': key['SecretAccessKey']}
    client = boto3.client('sqs', config=Config(**once), **named)
    one = sqs.get_queue_url(QueueName='one')['QueueUrl']
    five = sqs.get_queue_url(QueueName='five')['QueueUrl']
    refused(lambda: client.receive_message(QueueUrl=five), 'AccessDenied')
    statement = {'Effect': 'Allow', 'Action': 'sqs:ReceiveMessage', 'Resource': arn('five')}
    document = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
    iam.put_user_policy(UserName=name, PolicyName='receive', PolicyDocument=document)
    client.receive_message(QueueUrl=five)
    refused(lambda: client.receive_message(QueueUrl=one), 'AccessDenied')
    refused(lambda: client.purge_queue(QueueUrl=five), 'AccessDenied')
    dead = {'RedrivePolicy': json.dumps({'deadLetterTargetArn': arn('five'), 'maxReceiveCount': 9})}
    sqs.create_queue(QueueName=f'{name}-source', Attributes=dead)
    statement['Action'] = [f'sqs:{one}' for one in ('ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes', '*Task*')]
    for resource, allow in ((arn('five'), False), (arn('*'), False), (arn('*'), True)):
        statement['Resource'] = resource
        statement['Action'] += ['sqs:SendMessage'] if allow else []
        document = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
        iam.put_user_policy(UserName=name, PolicyName='receive', PolicyDocument=document)
        if not allow:
            refused(lambda: client.start_message_move_task(SourceArn=arn('five')), 'AccessDenied')
    client.start_message_move_task(SourceArn=arn('five'))
    assert ended(arn('five'))['Status'] == 'COMPLETED'
    statement.update({'Action': 'sqs:ReceiveMessage', 'Resource': arn('five')})
    document = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
    iam.put_user_policy(UserName=name, PolicyName='receive', PolicyDocument=document)
    refused(lambda: client.list_message_move_tasks(SourceArn=arn('five')), 'AccessDenied')
    tagged = sqs.create_queue(QueueName=name, tags={'team': 'a'})['QueueUrl']
    statement = {'Effect': 'Allow', 'Action': 'sqs:PurgeQueue', 'Resource': '*'}
    statement['Condition'] = {'StringEquals': {'aws:ResourceTag/team': 'a'}}
    document = json.dumps({'Version': '2012-10-17', 'Statement': [statement]})
    iam.put_user_policy(UserName=name, PolicyName='purge', PolicyDocument=document)
    client.purge_queue(QueueUrl=tagged)
    sqs.untag_queue(QueueUrl=tagged, TagKeys=['team'])
    refused(lambda: client.purge_queue(QueueUrl=tagged), 'AccessDenied')
    user = {'Effect': 'Allow', 'Principal': {'AWS': f'arn:aws:iam::000000000000:user/{name}'}}
    policy = {'Version': '2012-10-17', 'Statement': [{**user, 'Action': 'sqs:SendMessage', 'Resource': arn(name)}]}
    refused(lambda: client.send_message(QueueUrl=tagged, MessageBody='x'), 'AccessDenied')
    sqs.set_queue_attributes(QueueUrl=tagged, Attributes={'Policy': json.dumps(policy)})
    client.send_message(QueueUrl=tagged, MessageBody='x')
    [sent] = receive(tagged, AttributeNames=['SenderId'])
    assert sent['Attributes']['SenderId'] == iam.get_user(UserName=name)['User']['UserId'], sent
    bucket = f'bucket-{uuid.uuid4()}'
    s3.create_bucket(Bucket=bucket)
    rules = {'QueueConfigurations': [{'QueueArn': arn(name), 'Events': ['s3:ObjectCreated:*']}]}
    tell = lambda: s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=rules)
    tell()
    service = {'Effect': 'Deny', 'Principal': {'Service': 's3.amazonaws.com'}}
    policy['Statement'].append({**service, 'Action': 'sqs:SendMessage', 'Resource': arn(name)})
    sqs.set_queue_attributes(QueueUrl=tagged, Attributes={'Policy': json.dumps(policy)})
    refused(tell, 'InvalidArgument')
    sqs.add_permission(QueueUrl=tagged, Label='more', AWSAccountIds=['000000000000'], Actions=['GetQueueUrl'])
    add = lambda: sqs.add_permission(QueueUrl=tagged, Label='more', AWSAccountIds=['000000000000'], Actions=['*'])
    refused(add, 'InvalidParameterValue')
    found = sqs.get_queue_attributes(QueueUrl=tagged, AttributeNames=['Policy'])['Attributes']['Policy']
    assert json.loads(found)['Statement'][2]['Sid'] == 'more', found
    sqs.remove_permission(QueueUrl=tagged, Label='more')
    refused(lambda: sqs.remove_permission(QueueUrl=tagged, Label='more'), 'InvalidParameterValue')
    wrong = boto3.client('sqs', config=Config(**once), aws_access_key_id=key['AccessKeyId'], aws_secret_access_key='x')
    refused(lambda: wrong.receive_message(QueueUrl=five), 'SignatureDoesNotMatch')


run(globals())
