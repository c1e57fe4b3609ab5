/** A thread with the client of one broker, for `openBrokers`. */
import assert from 'node:assert';
import { parentPort, workerData } from 'node:worker_threads';
import { type BrokerOfArn, openBroker } from './broker-clients.ts';
import { serveTarget } from './events/thread-target.ts';

assert(parentPort !== null, 'runs as a worker thread');
// Some clients print what they think of their broker, beside telling it: the output is the server's.
console.log = () => {};
const broker: BrokerOfArn = workerData;
const target = await openBroker(broker);
assert(target !== undefined, 'is begun for brokers alone');
serveTarget(target, parentPort);
