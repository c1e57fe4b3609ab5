/** Makes instances of the modules that generate.ts compiles. */

export type KernelFunction = (...values: number[]) => void;

/**
 * What a kernel's module exports, or undefined where this runtime does not take it: without SIMD or threads it refuses the
 * module when it compiles or links it. Anything else is our mistake, and thrown.
 */
export function instantiateKernel(
  base64: string,
  imports: Record<string, Record<string, unknown>> = {},
): Record<string, unknown> | undefined {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(base64, 'base64')), imports).exports;
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) return undefined;
    throw error;
  }
}

/** An exported function; calling it costs no more than calling a function of our own. */
export function kernelFunction(exports: Record<string, unknown>, name: string): KernelFunction {
  const value = exports[name];
  if (!isFunction(value)) throw new Error(`the kernel has no function ${name}`);
  return value;
}

function isFunction(value: unknown): value is KernelFunction {
  return typeof value === 'function';
}
