import type { IncomingMessage } from 'node:http';

/** The body of another server's answer, as text. Rejects where it breaks off, or has more bytes than `bytesMax`. To be called as the answer comes. */
export function answerText(incoming: IncomingMessage, bytesMax: number): Promise<string> {
  // By its events: an iterator over a stream costs more than all else that is done with an answer.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > bytesMax) incoming.destroy(new Error(`an answer of more than ${bytesMax} bytes`));
    });
    incoming.once('end', () => resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString() ?? ''));
    incoming.once('error', reject);
  });
}
