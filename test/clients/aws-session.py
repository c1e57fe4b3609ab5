"""Runs aws-cli commands that arrive as JSON lines and answers each with a JSON line.

Every command runs as a process of its own, forked after the imports and the reading of AWS's models, which are most of
what `aws` does when it starts: what runs is awscli's own driver with its own arguments, environment, standard streams and
exit code.
"""
import gc
import json
import os
import sys
import tempfile

import awscli.clidriver
import awscli.customizations.s3.subcommands  # noqa: F401  imported here so that the forks need not
import s3transfer.manager  # noqa: F401

driver = awscli.clidriver.create_clidriver()
driver.session.create_client('s3')  # reads the models into the session's cache
driver.create_help_command()  # looks through the folders of all services, and keeps the table of commands
for model in ('paginators-1', 'waiters-2'):
    driver.session.get_component('data_loader').load_service_model('s3', model)
gc.freeze()  # a fork that collects garbage would copy every page of this


def run(request):
    streams = [tempfile.TemporaryFile() for _ in range(3)]
    streams[0].write(request.get('stdin', '').encode())
    streams[0].seek(0)
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        for descriptor, stream in enumerate(streams):
            os.dup2(stream.fileno(), descriptor)
        os.chdir(request['cwd'])
        sys.argv = ['aws', *request['args']]
        code = 255
        try:
            code = driver.main(request['args'])
        except SystemExit as exit:
            code = exit.code if isinstance(exit.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code or 0)
    _, status = os.waitpid(pid, 0)
    output = []
    for stream in streams[1:]:
        stream.seek(0)
        output.append(stream.read().decode(errors='replace'))
    return {'code': os.waitstatus_to_exitcode(status), 'stdout': output[0], 'stderr': output[1]}


for line in sys.stdin:
    print(json.dumps(run(json.loads(line))), flush=True)
