"""What queues refuse, and what they are set to, as users of boto3's sqs client see it; prints one JSON line a check.

The first line of a check's doc string is its name in the test report. Each check has a queue of its own.
"""
import time
import uuid

import boto3
from botocore.config import Config
from checks import refused, run

once = {'retries': {'total_max_attempts': 1}}
sqs = boto3.client('sqs', config=Config(**once))


def arn(queue):
    return f'arn:aws:sqs:us-east-1:000000000000:{queue}'


def receive(url, **named):
    return sqs.receive_message(QueueUrl=url, **named).get('Messages', [])


def check_refusals():
    """what is not there → SQS's own errors"""
    refused(lambda: sqs.get_queue_url(QueueName='none'), 'AWS.SimpleQueueService.NonExistentQueue')
    url = sqs.get_queue_url(QueueName='one')['QueueUrl']
    refused(lambda: sqs.delete_queue(QueueUrl=url), 'AWS.SimpleQueueService.UnsupportedOperation')
    refused(lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle='x'), 'ReceiptHandleIsInvalid')
    refused(lambda: receive(url, MaxNumberOfMessages=11), 'InvalidParameterValue')
    refused(lambda: receive(url, AttributeNames=['Invented']), 'InvalidAttributeName')
    refused(lambda: receive(url, WaitTimeSeconds=21), 'InvalidParameterValue')
    refused(lambda: receive(url, ReceiveRequestAttemptId='x'), 'InvalidParameterValue')
    refused(lambda: sqs.list_queues(NextToken='x'), 'InvalidParameterValue')
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody='x', MessageDeduplicationId='x'), 'InvalidParameterValue')
    # Nothing but names of actions that boto3 knows: each is there, and says what it lacks.
    bare = boto3.client('sqs', config=Config(parameter_validation=False, **once))
    needs_nothing = {'ListQueues'}
    for name in set(bare.meta.service_model.operation_names) - needs_nothing:
        refused(lambda name=name: bare._make_api_call(name, {}), 'MissingParameter')
    refused(lambda: bare.send_message(QueueUrl=url, MessageBody=''), 'MissingParameter')
    refused(lambda: sqs.send_message_batch(QueueUrl=url, Entries=[]), 'AWS.SimpleQueueService.EmptyBatchRequest')
    for ids, code in [
        ('ab' * 6, 'TooManyEntriesInBatchRequest'), ('aa', 'BatchEntryIdsNotDistinct'), ('!', 'InvalidBatchEntryId'),
    ]:
        entries = [{'Id': one, 'MessageBody': 'x'} for one in ids]
        send = lambda entries=entries: sqs.send_message_batch(QueueUrl=url, Entries=entries)
        refused(send, f'AWS.SimpleQueueService.{code}')
    long = sqs.create_queue(QueueName='long')['QueueUrl']
    text = 'é' * (512 * 1024)
    refused(lambda: sqs.send_message(QueueUrl=long, MessageBody=f'{text}x'), 'InvalidParameterValue')
    sqs.send_message(QueueUrl=long, MessageBody=text, MessageGroupId='tenant')
    [sent] = receive(long, MessageSystemAttributeNames=['MessageGroupId'])
    assert sent['Body'] == text and sent['Attributes'] == {'MessageGroupId': 'tenant'}, sent['Attributes']
    entries = [{'Id': str(n), 'MessageBody': text[: 256 * 1024 + 1]} for n in range(2)]
    too_long = lambda: sqs.send_message_batch(QueueUrl=long, Entries=entries)
    refused(too_long, 'AWS.SimpleQueueService.BatchRequestTooLong')
    change = lambda seconds: sqs.change_message_visibility(
        QueueUrl=long, ReceiptHandle=sent['ReceiptHandle'], VisibilityTimeout=seconds
    )
    change(43200 - 60)
    refused(lambda: change(43200), 'InvalidParameterValue')
    change(0)
    refused(lambda: change(1), 'AWS.SimpleQueueService.MessageNotInflight')
    # What was received can be deleted also when its time is over.
    entries = [{'Id': 'good', 'ReceiptHandle': sent['ReceiptHandle']}, {'Id': 'bad', 'ReceiptHandle': 'x'}]
    deleted = sqs.delete_message_batch(QueueUrl=long, Entries=entries)
    assert [one['Id'] for one in deleted['Successful']] == ['good'], deleted
    assert [(one['Id'], one['Code']) for one in deleted['Failed']] == [('bad', 'ReceiptHandleIsInvalid')], deleted
    assert receive(long) == []


def check_settings():
    """attributes of queues → set, read with SQS's defaults, refused in SQS's words; the same queue again → its address, another → refused"""
    name = f'q-{uuid.uuid4()}'
    attributes = {
        'DelaySeconds': '0', 'MaximumMessageSize': '2048', 'MessageRetentionPeriod': '345600',
        'ReceiveMessageWaitTimeSeconds': '0', 'VisibilityTimeout': '40',
    }
    url = sqs.create_queue(QueueName=name, Attributes=attributes, tags={'team': 'a', 'x': ''})['QueueUrl']
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
    assert {key: found[key] for key in attributes} == attributes, found
    assert found['SqsManagedSseEnabled'] == 'false' and found['QueueArn'] == arn(name), found
    assert abs(int(found['CreatedTimestamp']) - time.time()) < 60, found
    assert sqs.create_queue(QueueName=name, Attributes={'VisibilityTimeout': '40'})['QueueUrl'] == url
    assert sqs.create_queue(QueueName=name)['QueueUrl'] == url
    refused(lambda: sqs.create_queue(QueueName=name, Attributes={'VisibilityTimeout': '41'}), 'QueueAlreadyExists')
    sqs.set_queue_attributes(QueueUrl=url, Attributes={'VisibilityTimeout': '3', 'MessageRetentionPeriod': ''})
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
    assert found['VisibilityTimeout'] == '3' and 'MessageRetentionPeriod' not in found, found
    refused(lambda: sqs.send_message(QueueUrl=url, MessageBody='x' * 2049), 'InvalidParameterValue')
    for wrong, code in [
        ({'VisibilityTimeout': '43201'}, 'InvalidAttributeValue'),
        ({'RedrivePolicy': '{"maxReceiveCount": 1}'}, 'InvalidAttributeValue'),
        ({'Policy': '{'}, 'InvalidAttributeValue'),
        ({'Invented': '1'}, 'InvalidAttributeName'),
        ({'FifoQueue': 'true'}, 'AWS.SimpleQueueService.UnsupportedOperation'),
        ({'KmsMasterKeyId': 'alias/aws/sqs'}, 'AWS.SimpleQueueService.UnsupportedOperation'),
        ({'SqsManagedSseEnabled': 'true'}, 'AWS.SimpleQueueService.UnsupportedOperation'),
    ]:
        refused(lambda wrong=wrong: sqs.set_queue_attributes(QueueUrl=url, Attributes=wrong), code)
        refused(lambda wrong=wrong: sqs.create_queue(QueueName=f'{name}-2', Attributes=wrong), code)
    refused(lambda: sqs.create_queue(QueueName='x.fifo'), 'AWS.SimpleQueueService.UnsupportedOperation')
    configured = sqs.get_queue_url(QueueName='one')['QueueUrl']
    refused(
        lambda: sqs.set_queue_attributes(QueueUrl=configured, Attributes={'DelaySeconds': '1'}),
        'AWS.SimpleQueueService.UnsupportedOperation',
    )
    assert sqs.list_queue_tags(QueueUrl=url)['Tags'] == {'team': 'a', 'x': ''}
    sqs.tag_queue(QueueUrl=url, Tags={'team': 'b', 'y': '1'})
    sqs.untag_queue(QueueUrl=url, TagKeys=['x'])
    assert sqs.list_queue_tags(QueueUrl=url)['Tags'] == {'team': 'b', 'y': '1'}
    refused(lambda: sqs.tag_queue(QueueUrl=url, Tags={'aws:x': '1'}), 'InvalidParameterValue')


run(globals())
