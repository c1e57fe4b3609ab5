/** Writes `docs/errors.md` from the table of errors: `node test/docs/error-codes.ts`. A test compares. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { S3Error, s3ErrorCodes } from '../../src/s3/errors.ts';

export const errorsPage = fileURLToPath(new URL('../../docs/errors.md', import.meta.url));

const head = `# Errors

Written by \`npm run generate\` from the code; a test fails where the two differ, or where a code is never used. An error is an
XML document with \`Code\`, \`Message\`, what more there is to tell (\`ArgumentName\`, \`BucketName\`, …), \`Resource\`, \`RequestId\` and
\`HostId\`; answers to HEAD, and 304, have the status alone. The sentence may be a more precise one where more is known.
\`RequestId\` is \`x-amz-request-id\` and stands in the server's log.

| code | status | sentence |
|---|---|---|
`;

/** The text of `docs/errors.md`. */
export function generateErrors(): string {
  const rows = s3ErrorCodes.map((code) => {
    const { status, message } = new S3Error(code);
    return `| \`${code}\` | ${status} | ${message.replaceAll('|', '\\|')} |\n`;
  });
  return head + rows.join('');
}

if (import.meta.main) writeFileSync(errorsPage, generateErrors());
