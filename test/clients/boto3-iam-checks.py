"""IAM and STS by boto3, in the sequences of calls that Terraform and Pulumi make of their resources; one JSON line a check.

The first line of a check's doc string is its name in the test report.
"""
import json

import boto3
from botocore.config import Config
from checks import code_of, run

once = Config(retries={'total_max_attempts': 1})
iam = boto3.client('iam', config=once)
sts = boto3.client('sts', config=once)
ACCOUNT = '000000000000'
READ_ONLY = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess'


def document(action, resource='*'):
    return {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': action, 'Resource': resource}]}


def with_key(service, key):
    return boto3.client(service, aws_access_key_id=key['AccessKeyId'], aws_secret_access_key=key['SecretAccessKey'],
                        aws_session_token=key.get('SessionToken'), config=once)


def check_user():
    """aws_iam_user: made, read, renamed, tagged, destroyed by force"""
    made = iam.create_user(UserName='tf-user', Path='/tf/', Tags=[{'Key': 'a', 'Value': '1'}])['User']
    assert made['Arn'] == f'arn:aws:iam::{ACCOUNT}:user/tf/tf-user', made
    assert iam.get_user(UserName='tf-user')['User'] == made
    iam.update_user(UserName='tf-user', NewUserName='tf-user-2', NewPath='/')
    iam.tag_user(UserName='tf-user-2', Tags=[{'Key': 'b', 'Value': '2'}])
    iam.untag_user(UserName='tf-user-2', TagKeys=['a'])
    assert iam.list_user_tags(UserName='tf-user-2')['Tags'] == [{'Key': 'b', 'Value': '2'}]
    name = {'UserName': 'tf-user-2'}
    assert iam.list_groups_for_user(**name)['Groups'] == []
    assert iam.list_access_keys(**name)['AccessKeyMetadata'] == []
    assert iam.list_ssh_public_keys(**name)['SSHPublicKeys'] == []
    assert iam.list_virtual_mfa_devices(AssignmentStatus='Assigned')['VirtualMFADevices'] == []
    assert iam.list_mfa_devices(**name)['MFADevices'] == []
    assert iam.list_signing_certificates(**name)['Certificates'] == []
    assert iam.list_service_specific_credentials(**name)['ServiceSpecificCredentials'] == []
    assert code_of(iam.delete_login_profile, **name) == 'NoSuchEntity'
    iam.delete_user(**name)
    assert code_of(iam.get_user, **name) == 'NoSuchEntity'


def check_access_key():
    """aws_iam_access_key: made, made inactive, found by listing, destroyed"""
    iam.create_user(UserName='tf-keys')
    key = iam.create_access_key(UserName='tf-keys')['AccessKey']
    assert key['Status'] == 'Active' and len(key['SecretAccessKey']) == 40
    assert with_key('sts', key).get_caller_identity()['Arn'].endswith('user/tf-keys')
    iam.update_access_key(UserName='tf-keys', AccessKeyId=key['AccessKeyId'], Status='Inactive')
    listed = iam.list_access_keys(UserName='tf-keys')['AccessKeyMetadata']
    assert [(k['AccessKeyId'], k['Status']) for k in listed] == [(key['AccessKeyId'], 'Inactive')], listed
    assert code_of(with_key('sts', key).get_caller_identity) == 'InvalidClientTokenId'
    iam.delete_access_key(UserName='tf-keys', AccessKeyId=key['AccessKeyId'])
    iam.delete_user(UserName='tf-keys')


def check_group():
    """aws_iam_group, _membership, _policy, _policy_attachment: a whole life"""
    iam.create_group(GroupName='tf-group')
    for user in ('tf-a', 'tf-b'):
        iam.create_user(UserName=user)
        iam.add_user_to_group(GroupName='tf-group', UserName=user)
    pages = iam.get_paginator('get_group').paginate(GroupName='tf-group', PaginationConfig={'PageSize': 1})
    assert [user['UserName'] for page in pages for user in page['Users']] == ['tf-a', 'tf-b']
    iam.put_group_policy(GroupName='tf-group', PolicyName='p', PolicyDocument=json.dumps(document('s3:*')))
    assert iam.get_group_policy(GroupName='tf-group', PolicyName='p')['PolicyDocument'] == document('s3:*')
    iam.attach_group_policy(GroupName='tf-group', PolicyArn=READ_ONLY)
    attached = iam.list_attached_group_policies(GroupName='tf-group')['AttachedPolicies']
    assert attached == [{'PolicyName': 'IAMReadOnlyAccess', 'PolicyArn': READ_ONLY}], attached
    iam.detach_group_policy(GroupName='tf-group', PolicyArn=READ_ONLY)
    iam.delete_group_policy(GroupName='tf-group', PolicyName='p')
    assert code_of(iam.delete_group, GroupName='tf-group') == 'DeleteConflict'
    for user in ('tf-a', 'tf-b'):
        iam.remove_user_from_group(GroupName='tf-group', UserName=user)
        iam.delete_user(UserName=user)
    iam.delete_group(GroupName='tf-group')


def check_policy():
    """aws_iam_policy: made, read with its document, a new version the default, destroyed with its versions"""
    arn = iam.create_policy(PolicyName='tf-policy', PolicyDocument=json.dumps(document('s3:*')))['Policy']['Arn']
    policy = iam.get_policy(PolicyArn=arn)['Policy']
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy['DefaultVersionId'])['PolicyVersion']
    assert version['Document'] == document('s3:*'), version
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document('iam:*')), SetAsDefault=True)
    assert iam.get_policy(PolicyArn=arn)['Policy']['DefaultVersionId'] == 'v2'
    assert iam.list_policy_tags(PolicyArn=arn)['Tags'] == []
    for version in iam.list_policy_versions(PolicyArn=arn)['Versions']:
        if not version['IsDefaultVersion']:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version['VersionId'])
    iam.delete_policy(PolicyArn=arn)
    assert code_of(iam.get_policy, PolicyArn=arn) == 'NoSuchEntity'
    bad = {'PolicyName': 'tf-bad', 'PolicyDocument': '{"Version": "2012-10-17"'}
    assert code_of(iam.create_policy, **bad) == 'MalformedPolicyDocument'


def check_role():
    """aws_iam_role, _policy, _policy_attachment: a whole life, and a session of it"""
    user = iam.create_user(UserName='tf-assumer')['User']
    key = iam.create_access_key(UserName='tf-assumer')['AccessKey']
    trust = {'Version': '2012-10-17', 'Statement': [
        {'Effect': 'Allow', 'Principal': {'AWS': user['Arn']}, 'Action': 'sts:AssumeRole'}]}
    role = iam.create_role(RoleName='tf-role', AssumeRolePolicyDocument=json.dumps(trust))['Role']
    assert role['AssumeRolePolicyDocument'] == trust
    iam.put_role_policy(RoleName='tf-role', PolicyName='p', PolicyDocument=json.dumps(document('iam:ListRoles')))
    iam.attach_role_policy(RoleName='tf-role', PolicyArn=READ_ONLY)
    assert iam.list_role_policies(RoleName='tf-role')['PolicyNames'] == ['p']
    assert iam.list_instance_profiles_for_role(RoleName='tf-role')['InstanceProfiles'] == []
    session = with_key('sts', key).assume_role(RoleArn=role['Arn'], RoleSessionName='me')
    caller = with_key('sts', session['Credentials']).get_caller_identity()
    assert caller['Arn'] == f'arn:aws:sts::{ACCOUNT}:assumed-role/tf-role/me', caller
    assert any(r['RoleName'] == 'tf-role' for r in with_key('iam', session['Credentials']).list_roles()['Roles'])
    iam.detach_role_policy(RoleName='tf-role', PolicyArn=READ_ONLY)
    iam.delete_role_policy(RoleName='tf-role', PolicyName='p')
    iam.delete_role(RoleName='tf-role')
    assert code_of(with_key('sts', session['Credentials']).get_caller_identity) == 'InvalidClientTokenId'
    iam.delete_access_key(UserName='tf-assumer', AccessKeyId=key['AccessKeyId'])
    iam.delete_user(UserName='tf-assumer')


def check_instance_profile():
    """aws_iam_instance_profile: made, given a role, read, destroyed"""
    trust = {'Version': '2012-10-17', 'Statement': [
        {'Effect': 'Allow', 'Principal': {'Service': 'ec2.amazonaws.com'}, 'Action': 'sts:AssumeRole'}]}
    iam.create_role(RoleName='tf-instance', AssumeRolePolicyDocument=json.dumps(trust))
    named = {'InstanceProfileName': 'tf-profile'}
    assert code_of(iam.get_instance_profile, **named) == 'NoSuchEntity'
    made = iam.create_instance_profile(**named, Path='/tf/', Tags=[{'Key': 'a', 'Value': '1'}])['InstanceProfile']
    assert made['Arn'] == f'arn:aws:iam::{ACCOUNT}:instance-profile/tf/tf-profile' and made['Roles'] == [], made
    assert code_of(iam.create_instance_profile, **named) == 'EntityAlreadyExists'
    iam.get_waiter('instance_profile_exists').wait(**named)
    iam.create_user(UserName='tf-passer')
    key = iam.create_access_key(UserName='tf-passer')['AccessKey']
    may = {'UserName': 'tf-passer', 'PolicyName': 'p'}
    iam.put_user_policy(**may, PolicyDocument=json.dumps(document('iam:AddRoleToInstanceProfile')))
    passer = with_key('iam', key)
    assert code_of(passer.add_role_to_instance_profile, **named, RoleName='tf-instance') == 'AccessDenied'
    both = ['iam:AddRoleToInstanceProfile', 'iam:PassRole']
    iam.put_user_policy(**may, PolicyDocument=json.dumps(document(both)))
    passer.add_role_to_instance_profile(**named, RoleName='tf-instance')
    iam.delete_user_policy(**may)
    iam.delete_access_key(UserName='tf-passer', AccessKeyId=key['AccessKeyId'])
    iam.delete_user(UserName='tf-passer')
    assert code_of(iam.add_role_to_instance_profile, **named, RoleName='tf-instance') == 'LimitExceeded'
    read = iam.get_instance_profile(**named)['InstanceProfile']
    assert [role['RoleName'] for role in read['Roles']] == ['tf-instance'] and read['Tags'] == made['Tags'], read
    listed = iam.list_instance_profiles_for_role(RoleName='tf-instance')['InstanceProfiles']
    assert [profile['InstanceProfileName'] for profile in listed] == ['tf-profile'], listed
    assert iam.list_instance_profile_tags(**named)['Tags'] == made['Tags']
    assert code_of(iam.delete_role, RoleName='tf-instance') == 'DeleteConflict'
    assert code_of(iam.delete_instance_profile, **named) == 'DeleteConflict'
    iam.remove_role_from_instance_profile(**named, RoleName='tf-instance')
    iam.delete_instance_profile(**named)
    iam.delete_role(RoleName='tf-instance')
    assert iam.list_instance_profiles()['InstanceProfiles'] == []


def check_account():
    """aws_iam_account_alias and _password_policy, account details, the credential report"""
    assert iam.list_account_aliases()['AccountAliases'] == []
    iam.create_account_alias(AccountAlias='tf-account')
    iam.create_account_alias(AccountAlias='tf-account-2')
    assert iam.list_account_aliases()['AccountAliases'] == ['tf-account-2']
    assert code_of(iam.create_account_alias, AccountAlias='tf-account-2') == 'EntityAlreadyExists'
    assert code_of(iam.create_account_alias, AccountAlias='Not--this') == 'ValidationError'
    iam.delete_account_alias(AccountAlias='tf-account-2')
    assert code_of(iam.delete_account_alias, AccountAlias='tf-account-2') == 'NoSuchEntity'
    assert code_of(iam.get_account_password_policy) == 'NoSuchEntity'
    iam.create_user(UserName='tf-reported')
    key = iam.create_access_key(UserName='tf-reported')['AccessKey']['AccessKeyId']
    iam.put_user_policy(UserName='tf-reported', PolicyName='p', PolicyDocument=json.dumps(document('s3:*')))
    iam.attach_user_policy(UserName='tf-reported', PolicyArn=READ_ONLY)
    assert code_of(iam.get_credential_report) == 'ReportNotPresent'
    while iam.generate_credential_report()['State'] != 'COMPLETE':
        pass
    report = iam.get_credential_report()['Content'].decode().split('\n')
    assert report[0].startswith('user,arn,user_creation_time,password_enabled,'), report[0]
    assert report[1].startswith(f'<root_account>,arn:aws:iam::{ACCOUNT}:root,'), report[1]
    row = dict(zip(report[0].split(','), next(line for line in report if line.startswith('tf-reported,')).split(',')))
    assert row['access_key_1_active'] == 'true' and row['access_key_2_active'] == 'false', row
    assert row['access_key_1_last_used_date'] == 'N/A' and row['cert_2_last_rotated'] == 'N/A', row
    pages = iam.get_paginator('get_account_authorization_details').paginate(PaginationConfig={'PageSize': 1})
    users = [user for page in pages for user in page['UserDetailList'] if user['UserName'] == 'tf-reported']
    assert [p['PolicyDocument'] for p in users[0]['UserPolicyList']] == [document('s3:*')], users
    policies = iam.get_account_authorization_details(Filter=['AWSManagedPolicy'])
    assert [policy['Arn'] for policy in policies['Policies']] == [READ_ONLY] and policies['UserDetailList'] == [], policies
    iam.detach_user_policy(UserName='tf-reported', PolicyArn=READ_ONLY)
    iam.delete_user_policy(UserName='tf-reported', PolicyName='p')
    iam.delete_access_key(UserName='tf-reported', AccessKeyId=key)
    iam.delete_user(UserName='tf-reported')


def check_simulation():
    """aws_iam_principal_policy_simulation: each action on each resource, decided as requests are"""
    user = iam.create_user(UserName='tf-simulated')['User']['Arn']
    bucket, inside = 'arn:aws:s3:::sim', 'arn:aws:s3:::sim/home/tf-simulated/x'
    own = {'Version': '2012-10-17', 'Statement': [
        {'Effect': 'Allow', 'Action': 's3:*', 'Resource': 'arn:aws:s3:::sim/home/${aws:username}/*'},
        {'Effect': 'Deny', 'Action': 's3:DeleteObject', 'Resource': '*',
         'Condition': {'StringNotEquals': {'aws:RequestedRegion': 'eu-west-1'}}}]}
    iam.put_user_policy(UserName='tf-simulated', PolicyName='p', PolicyDocument=json.dumps(own, indent=4))
    ask = {'PolicySourceArn': user, 'ActionNames': ['s3:GetObject', 's3:DeleteObject'], 'ResourceArns': [bucket, inside]}

    def decisions(**more):
        results = iam.simulate_principal_policy(**ask, **more)['EvaluationResults']
        return [(r['EvalActionName'], r['EvalResourceName'] == inside, r['EvalDecision']) for r in results], results

    found, results = decisions()
    assert found == [('s3:GetObject', False, 'implicitDeny'), ('s3:GetObject', True, 'allowed'),
                     ('s3:DeleteObject', False, 'explicitDeny'), ('s3:DeleteObject', True, 'explicitDeny')], found
    [matched] = results[1]['MatchedStatements']
    assert (matched['SourcePolicyId'], matched['SourcePolicyType']) == ('user_tf-simulated_p', 'user'), matched
    assert matched['StartPosition']['Line'] == 4 and matched['EndPosition']['Line'] == 8, matched
    assert results[1]['MissingContextValues'] == ['aws:RequestedRegion'], results[1]
    region = {'ContextKeyName': 'aws:RequestedRegion', 'ContextKeyType': 'string', 'ContextKeyValues': ['eu-west-1']}
    found, results = decisions(ContextEntries=[region], PermissionsBoundaryPolicyInputList=[json.dumps(document('s3:Get*'))])
    assert [decision for *_, decision in found] == ['implicitDeny', 'allowed', 'implicitDeny', 'implicitDeny'], found
    assert results[3]['PermissionsBoundaryDecisionDetail'] == {'AllowedByPermissionsBoundary': False}, results[3]
    pages = iam.get_paginator('simulate_principal_policy').paginate(**ask, PaginationConfig={'PageSize': 3})
    assert sum(len(page['EvaluationResults']) for page in pages) == 4
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=user)['ContextKeyNames']
    assert sorted(keys) == ['aws:RequestedRegion', 'aws:username'], keys

    strange = {'Version': '2012-10-17', 'Statement': {
        'Effect': 'Allow', 'Principal': {'AWS': user}, 'Action': 's3:GetObject', 'Resource': bucket + '/*'}}
    custom = {'PolicyInputList': [json.dumps(document('s3:Put*'))], 'ActionNames': ['s3:GetObject'],
              'ResourceArns': [inside], 'ResourcePolicy': json.dumps(strange), 'CallerArn': user}
    [result] = iam.simulate_custom_policy(**custom)['EvaluationResults']
    assert result['EvalDecision'] == 'allowed' and result['MatchedStatements'][0]['SourcePolicyType'] == 'resource', result
    [result] = iam.simulate_custom_policy(**custom, ResourceOwner='arn:aws:iam::999999999999:root')['EvaluationResults']
    assert result['EvalDecision'] == 'implicitDeny', result
    assert result['EvalDecisionDetails'] == {'IAM Policy': 'implicitDeny', 'Resource Policy': 'allowed'}, result
    [result] = iam.simulate_custom_policy(PolicyInputList=custom['PolicyInputList'], ActionNames=['s3:PutObject'])['EvaluationResults']
    assert (result['EvalDecision'], result['EvalResourceName']) == ('allowed', '*'), result
    assert result['MatchedStatements'][0]['SourcePolicyId'] == 'PolicyInputList.1', result
    del custom['CallerArn']
    assert code_of(iam.simulate_custom_policy, **custom) == 'InvalidInput'
    assert code_of(iam.simulate_principal_policy, PolicySourceArn=user, ActionNames=['s3:*']) == 'InvalidInput'
    assert code_of(iam.simulate_principal_policy, PolicySourceArn=user + 'x', ActionNames=['s3:GetObject']) == 'NoSuchEntity'
    assert code_of(iam.simulate_custom_policy, PolicyInputList=['{}'], ActionNames=['s3:GetObject']) == 'MalformedPolicyDocument'
    iam.delete_user_policy(UserName='tf-simulated', PolicyName='p')
    iam.delete_user(UserName='tf-simulated')


def check_paging():
    """list_users page by page: in order of name, below a path, none twice"""
    names = [f'page-{i:02}' for i in range(7)]
    for name in reversed(names):
        iam.create_user(UserName=name.upper() if name.endswith('3') else name, Path='/pages/')
    pages = iam.get_paginator('list_users').paginate(PathPrefix='/pages/', PaginationConfig={'PageSize': 2})
    assert [user['UserName'].lower() for page in pages for user in page['Users']] == names
    for name in names:
        iam.delete_user(UserName=name)


def check_presigned_identity():
    """a presigned GetCallerIdentity, as tools that prove who they are make it → the caller"""
    import urllib.request
    url = sts.generate_presigned_url('get_caller_identity', HttpMethod='GET')
    with urllib.request.urlopen(url) as answer:
        assert f'arn:aws:iam::{ACCOUNT}:root' in answer.read().decode()


run(globals())
