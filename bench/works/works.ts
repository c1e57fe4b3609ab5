/** All works, in the order in which they are measured. */
import { codingKernels } from '../kernels/coding.ts';
import { decisionKernel } from '../kernels/decision.ts';
import { digestKernels } from '../kernels/digests.ts';
import { kernelWork } from '../kernels/kernel.ts';
import { pageKernel } from '../kernels/page-encoding.ts';
import { requestKernels } from '../kernels/requests.ts';
import { storeKernels } from '../kernels/store.ts';
import type { Work } from '../work.ts';
import { memoryWork } from './memory-work.ts';
import { objectWorks } from './object-works.ts';
import { pageWorks } from './page-works.ts';
import { policyWork } from './policy-work.ts';
import { rulesWorks } from './rules-work.ts';
import { startUpWork } from './start-up-work.ts';

const kernels = [...codingKernels, ...digestKernels, ...requestKernels, decisionKernel, pageKernel, ...storeKernels];

export const works: readonly Work[] = [
  ...kernels.map(kernelWork),
  ...objectWorks,
  policyWork,
  ...rulesWorks,
  ...pageWorks,
  startUpWork,
  memoryWork,
];
