/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html */
import { metricsConfigurations } from '../../engine/metrics/configurations.ts';
import { checkOwnId, withConfiguration } from '../named-configurations.ts';
import { readObjectFilter } from '../object-filters.ts';
import { operation } from '../operation.ts';

export const putBucketMetricsConfiguration = operation({
  name: 'PutBucketMetricsConfiguration',
  supports: ['Id', 'MetricsConfiguration'],
  async run(request, { Id, MetricsConfiguration: { Id: own, Filter } }) {
    const { buckets, watches } = request.engine;
    checkOwnId(Id, { own });
    const put = { id: Id, filter: readObjectFilter(Filter) };
    await metricsConfigurations.change(buckets, request.bucket(), (known) => withConfiguration(known, put));
    await watches.reload(request.bucket());
    return { output: {} };
  },
});
