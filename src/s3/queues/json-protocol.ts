/** AWS's JSON protocol: the action in a header, and one document each way. What SDKs since the end of 2023 speak. */
import { S3Error } from '../errors.ts';
import type { QueueProtocol } from './protocol.ts';

export const targetPrefix = 'AmazonSQS.';

export const jsonProtocol: QueueProtocol = {
  contentType: 'application/x-amz-json-1.0',
  read({ target, body }) {
    return { action: target.slice(targetPrefix.length), input: parse(body) };
  },
  encode: ({ output = {} }) => JSON.stringify(output),
  encodeRefusal: ({ status, code, shape, message }) => ({
    text: JSON.stringify({ __type: `com.amazonaws.sqs#${shape}`, message }),
    headers: ['x-amzn-query-error', `${code};${status < 500 ? 'Sender' : 'Receiver'}`],
  }),
};

/** Throws InvalidRequest. */
function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (error) {
    throw new S3Error('InvalidRequest', { message: 'The body is not JSON.', cause: error });
  }
}
