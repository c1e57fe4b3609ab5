/**
 * The least that a server in Node can do: node:http with a constant of 4 KiB (`constant`), or a plain file (its path).
 * A process of its own; it tells its port to its parent.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { pipeline } from 'node:stream';

const constantBytes = 4096;

function answerConstant(): RequestListener {
  const body = Buffer.alloc(constantBytes, 'constant');
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(constantBytes) };
  return (_request, response) => {
    response.writeHead(200, headers);
    response.end(body);
  };
}

function answerFile(path: string): RequestListener {
  const headers = { 'content-type': 'application/octet-stream', 'content-length': String(statSync(path).size) };
  return (_request, response) => {
    response.writeHead(200, headers);
    pipeline(createReadStream(path), response, () => {});
  };
}

const [what = 'constant'] = process.argv.slice(2);
const server = createServer(what === 'constant' ? answerConstant() : answerFile(what));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : undefined);
});
process.once('disconnect', () => process.exit());
