/** What the product says of its operations, for tests that go through all of them. */
import { routeRows } from '../../src/s3/model/router.ts';
import { operations } from '../../src/s3/operations/index.ts';

export type { RouteRow } from '../../src/s3/model/router.ts';
export { routeRows };

/** Names of the operations that have a handler. */
export const supportedOperations: ReadonlySet<string> = new Set(operations.keys());
