"""What scripts of checks share. A check is a function `check_…`, and the first line of its doc string its name in the test
report; `python-checks.ts` reads the JSON line that each prints."""
import json
import traceback

from botocore.exceptions import ClientError


def run(script, given=lambda number, name: ()):
    """Runs the checks among the globals of a script, one after another. `given` makes what each is called with."""
    for number, (name, check) in enumerate(checks_of(script)):
        report(name, failure_of(lambda: check(*given(number, name))))


def checks_of(script):
    return [(name, value) for name, value in script.items() if name.startswith('check_')]


def failure_of(call):
    """Where and how a call failed; None if it did not."""
    try:
        call()
    except Exception:
        return traceback.format_exc(limit=-4)
    return None


def report(name, failure):
    print(json.dumps({'check': name, 'failure': failure}), flush=True)


def code_of(call, *args, **named):
    """The error code a call ends with, or None."""
    try:
        call(*args, **named)
    except ClientError as error:
        return error.response['Error']['Code']
    return None


def refused(call, code, text=''):
    """Asserts that a call ends with an error code, and with a text in its message."""
    try:
        call()
    except ClientError as error:
        told = error.response['Error']
        assert told['Code'] == code and text in told['Message'], error.response
        return
    raise AssertionError(f'not refused with {code}')
