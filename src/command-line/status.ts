/** `ninefold status`: what state a running server is in, and what needs attention. */
import type { Command } from './command.ts';

export const status: Command = {
  name: 'status',
  options: [{ name: 'json', summary: 'as JSON, for programs' }],
  summary: 'say what state a running server, its disks and its data are in; exit 1 if anything needs attention',
  async run({ loadConfig, has, print }) {
    const [{ openAdminClient }, { statusSchema }, { statusText }] = await Promise.all([
      import('./admin-client.ts'),
      import('../admin/status-schema.ts'),
      import('./status-text.ts'),
    ]);
    const client = openAdminClient(loadConfig());
    const found = await client.request({ method: 'GET', path: ['status'] }, statusSchema);
    print(has('json') ? JSON.stringify(found, null, 2) : statusText(found, client.endpoint));
    return found.problems.length === 0 ? 0 : 1;
  },
};
