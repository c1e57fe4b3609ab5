/**
 * Has a job run to its end. The answer to the request for a run is from before that run; all that was done before the request
 * is in what this returns.
 */
import { expect } from 'vitest';
import { z } from 'zod';
import { type JobDescription, jobSchema } from '../../src/admin/status-schema.ts';
import { eventually } from './eventually.ts';
import type { SignedRequests } from './signed-requests.ts';

const jobsSchema = z.object({ jobs: z.array(jobSchema) });

/** Asks for a run and waits until it has come to its end; returns what the job then says of itself. */
export async function runJob({ send }: Pick<SignedRequests, 'send'>, name: string): Promise<JobDescription['details']> {
  const asked = await send({ method: 'POST', path: `/-/jobs/${name}/run` });
  const { runsAsked } = jobSchema.parse(JSON.parse(asked.body));
  return eventually(async () => {
    const { body } = await send({ method: 'GET', path: '/-/jobs' });
    const job = jobsSchema.parse(JSON.parse(body)).jobs.find((one) => one.name === name);
    expect(job?.runsDone, job?.lastError).toBeGreaterThanOrEqual(runsAsked);
    return job?.details ?? {};
  });
}
