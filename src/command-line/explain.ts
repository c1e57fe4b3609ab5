/** `ninefold explain`: whether a request would be allowed, or why one was refused, by a running server. */
import type { AdminCall } from './admin-client.ts';
import type { Command, CommandCall } from './command.ts';

export const explain: Command = {
  name: 'explain',
  operands: ['ACTION|REQUEST-ID', '[s3://BUCKET/KEY]'],
  options: [
    {
      name: 'as',
      value: 'WHO',
      summary:
        'who asks: a user, an ARN, the id of a key, root, or anonymous; without it, a request is named by its id',
    },
    { name: 'account', value: 'ID', summary: "twelve digits of the account of that user, if not the server's own" },
    {
      name: 'context',
      value: 'KEY=VALUE',
      summary: 'a condition key of the request, may be repeated',
      isRepeatable: true,
    },
    { name: 'header', value: 'NAME=VALUE', summary: 'a header of the request, may be repeated', isRepeatable: true },
    { name: 'json', summary: 'as JSON, for programs' },
  ],
  summary: 'say whether a running server allows a request, and why; exit 1 if not. Or why it refused one',
  async run(call) {
    const [{ openAdminClient }, { explanationsSchema }, { explanationText }] = await Promise.all([
      import('./admin-client.ts'),
      import('../admin/explanation-schema.ts'),
      import('./explanation-text.ts'),
    ]);
    const found = await openAdminClient(call.loadConfig()).request(await requestOf(call), explanationsSchema);
    const { explanations } = found;
    call.print(call.has('json') ? JSON.stringify(found, null, 2) : explanations.map(explanationText).join('\n\n'));
    return call.value('as') === undefined || explanations.every(({ outcome }) => outcome === 'allow') ? 0 : 1;
  },
};

async function requestOf(call: CommandCall): Promise<AdminCall> {
  const { CommandError } = await import('./command-error.ts');
  const [what = '', address] = call.operands;
  const as = call.value('as');
  if (as === undefined) {
    if (address !== undefined) throw new CommandError('Say who asks, by --as: a user, an ARN, root, or anonymous.');
    return { method: 'GET', path: ['explain', what] };
  }
  const pairs = (option: string): Record<string, string> =>
    Object.fromEntries(
      call.values(option).map((text) => {
        const [name = '', value] = text.split(/=(.*)/s);
        if (value === undefined) throw new CommandError(`--${option} takes NAME=VALUE, not ${text}`);
        return [name, value];
      }),
    );
  const body = {
    ...{ as, what, account: call.value('account') ?? call.loadConfig().accountId },
    ...(address !== undefined && addressOf(address)),
    ...{ headers: pairs('header'), context: pairs('context') },
  };
  if (address !== undefined && !('bucket' in body))
    throw new CommandError(`${address} is no s3://BUCKET or s3://BUCKET/KEY`);
  return { method: 'POST', path: ['explain'], body };
}

/** Of `s3://bucket/key?versionId=…`; empty for what is none. */
function addressOf(text: string): { bucket?: string; key?: string; versionId?: string } {
  const [, bucket, key, versionId] = /^s3:\/\/([^/]+)(?:\/(?:(.+?)(?:\?versionId=([^?]+))?)?)?$/s.exec(text) ?? [];
  return {
    ...(bucket !== undefined && { bucket }),
    ...(key !== undefined && { key }),
    ...(versionId !== undefined && { versionId }),
  };
}
