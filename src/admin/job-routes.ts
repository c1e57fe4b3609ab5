/** Background work as the operator sees it and steers it. */
import type { JobRunner } from '../jobs/runner.ts';
import { Refusal } from './requests.ts';
import { type Route, refuseBody } from './routes.ts';

export function jobRoutes(jobs: Pick<JobRunner, 'status' | 'steer'>): readonly Route[] {
  return [
    {
      method: 'GET',
      path: 'jobs',
      async run({ body }) {
        refuseBody(body);
        return { jobs: jobs.status() };
      },
    },
    ...(['run', 'pause', 'resume'] as const).map(
      (action): Route => ({
        method: 'POST',
        path: `jobs/:name/${action}`,
        async run({ parameters: { name = '' }, body }) {
          refuseBody(body);
          const job = jobs.steer(name, action);
          if (job !== undefined) return job;
          const names = jobs.status().map((known) => known.name);
          throw new Refusal('NoSuchJob', `There is no job ${name}; there are ${names.join(', ')}`);
        },
      }),
    ),
  ];
}
