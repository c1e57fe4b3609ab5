/** Who configures a server that is measured, and has its jobs run. */
import { hash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { signRequest } from '../../src/lib/sigv4/sign.ts';
import type { Endpoint } from '../load/messages.ts';

const jobSchema = z.looseObject({
  name: z.string(),
  runsAsked: z.number(),
  runsDone: z.number(),
  details: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type JobDetails = z.infer<typeof jobSchema>['details'];

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly body?: string;
}

const askPauseMs = 200;

export class Operator {
  readonly #endpoint: Endpoint;

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  /** The body of the answer, which must be one of success. */
  async send({ method, path, query = '', body = '' }: Request): Promise<string> {
    const { host, port, ...key } = this.#endpoint;
    const checksum = { 'content-md5': hash('md5', body, 'base64') };
    const request = { method, rawPath: path, rawQuery: query, host: `${host}:${port}`, headers: checksum, body };
    const headers = signRequest(request, { ...key, nowMs: Date.now() });
    const url = `http://${host}:${port}${path}${query === '' ? '' : `?${query}`}`;
    const answer = await fetch(url, { method, headers, ...(body !== '' && { body }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}?${query} was answered ${answer.status}: ${text}`);
    return text;
  }

  /** Has a job run, and resolves at the end of that run to what the job says of it. */
  async run(name: string): Promise<JobDetails> {
    const asked = jobSchema.parse(JSON.parse(await this.send({ method: 'POST', path: `/-/jobs/${name}/run` })));
    for (;;) {
      const { jobs } = z
        .object({ jobs: z.array(jobSchema) })
        .parse(JSON.parse(await this.send({ method: 'GET', path: '/-/jobs' })));
      const job = jobs.find((one) => one.name === name);
      if (job !== undefined && job.runsDone >= asked.runsAsked) return job.details;
      await pause(askPauseMs);
    }
  }
}
