/**
 * The operator's interface: what is asked below `/-/` and what it answers. Who asks has been decided before; bodies are
 * validated here, once. It changes nothing by itself: every route is a call to the part that owns what is asked for.
 */
import { diskRoutes } from './disk-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { explainRoutes } from './explain-routes.ts';
import { jobRoutes } from './job-routes.ts';
import { type MetricsSources, metricsRoutes } from './metrics-routes.ts';
import { replicationRoutes } from './replication-routes.ts';
import { type AdminAnswer, type AdminRequest, Refusal } from './requests.ts';
import { findRoute, type Route, refuseBody } from './routes.ts';
import { readStatus, type StatusSources } from './status.ts';
import { usageRoutes } from './usage-routes.ts';
import { userRoutes } from './user-routes.ts';

export interface AdminOptions extends StatusSources, MetricsSources {
  readonly blobs: StatusSources['blobs'] & Parameters<typeof diskRoutes>[0];
  readonly jobs: StatusSources['jobs'] & Parameters<typeof jobRoutes>[0];
  readonly users: Parameters<typeof userRoutes>[0];
  readonly outbox: Parameters<typeof eventRoutes>[0];
  readonly eventTail: Parameters<typeof eventRoutes>[1];
  readonly explainer: Parameters<typeof explainRoutes>[0];
  readonly replication: Parameters<typeof replicationRoutes>[0];
}

/** Returns what answers a request; it rejects only where the fault is the server's. */
export function createAdmin(options: AdminOptions): (request: AdminRequest) => Promise<AdminAnswer> {
  const routes: readonly Route[] = [
    { method: 'GET', path: 'status', run: reading(() => readStatus(options)) },
    ...diskRoutes(options.blobs),
    ...jobRoutes(options.jobs),
    ...userRoutes(options.users),
    ...explainRoutes(options.explainer),
    ...eventRoutes(options.outbox, options.eventTail),
    ...replicationRoutes(options.replication),
    ...metricsRoutes(options),
    ...usageRoutes(options.usage),
  ];
  return async (request) => {
    try {
      if (request.query !== '') throw new Refusal('InvalidInput', `This takes no query: ${request.query}`);
      const { route, parameters } = findRoute(routes, request);
      const { contentType } = route;
      return { status: 200, contentType, body: await route.run({ parameters, body: request.body }) };
    } catch (error) {
      if (error instanceof Refusal) return error.answer();
      throw error;
    }
  };
}

function reading(read: () => Promise<unknown>): Route['run'] {
  return async ({ body }) => {
    refuseBody(body);
    return read();
  };
}
