// Adds up the JSON reports of the test runner: `node count.mjs BROKEN_STEPS REPORT…`. Plain JavaScript, for any Node.
import { readFileSync } from 'node:fs';

const [brokenSteps = '0', ...reports] = process.argv.slice(2);
const linesOfAFailure = 25;
let passed = 0;
let skipped = 0;
let failed = Number(brokenSteps);
if (failed > 0) console.log(`${failed} of the steps failed as a whole`);
for (const path of reports.filter((name) => !name.includes('*'))) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  passed += report.numPassedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  failed += report.numFailedTests;
  // A file that cannot be loaded, or whose set-up fails, has no failed test of its own.
  for (const file of report.testResults) {
    const failedTests = file.assertionResults.filter((test) => test.status === 'failed');
    // Told once more at the end, where it is found: a run prints thousands of lines.
    for (const test of failedTests) tell(`${file.name}: ${test.fullName}`, test.failureMessages.join('\n'));
    if (file.status === 'failed' && failedTests.length === 0) {
      tell(file.name, file.message);
      failed += 1;
    }
  }
  // An error outside of any test fails the run as well.
  if (!report.success && report.numFailedTests === 0 && report.numFailedTestSuites === 0) failed += 1;
}
if (skipped > 0) console.log(`${skipped} skipped, which is not passed; the report above says why`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;

function tell(what, why) {
  console.log(`FAILED ${what}`);
  for (const line of (why ?? '').split('\n').slice(0, linesOfAFailure)) console.log(`    ${line}`);
}
