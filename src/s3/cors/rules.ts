/**
 * What the CORS rules of a bucket allow pages of other origins, and the headers that tell browsers so. Pure: rules and what
 * a request says of itself in, headers out.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
 */
import type { CorsRule } from '../../engine/cors-documents.ts';

/** What a request from another origin says of itself. */
export interface CrossOriginRequest {
  readonly origin: string;
  /** Of the request itself, or of the one that a preflight asks for. */
  readonly method: string;
  /** Names of headers that a preflight asks for, in lower case. */
  readonly headers: readonly string[];
}

/** Reads `Access-Control-Request-Headers`. */
export function parseRequestedHeaders(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '');
}

/** The first rule that allows the request: the order of the rules counts. */
export function findCorsRule(rules: readonly CorsRule[], request: CrossOriginRequest): CorsRule | undefined {
  return rules.find((rule) => allows(rule, request));
}

function allows(rule: CorsRule, { origin, method, headers }: CrossOriginRequest): boolean {
  return (
    rule.AllowedMethods.includes(method) &&
    rule.AllowedOrigins.some((pattern) => covers({ pattern, text: origin })) &&
    headers.every((name) =>
      rule.AllowedHeaders?.some((pattern) => covers({ pattern: pattern.toLowerCase(), text: name })),
    )
  );
}

/** One `*` stands for any characters, or for none. */
function covers({ pattern, text }: { readonly pattern: string; readonly text: string }): boolean {
  const star = pattern.indexOf('*');
  if (star === -1) return pattern === text;
  const before = pattern.slice(0, star);
  const after = pattern.slice(star + 1);
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}

/**
 * Names and values by turns of what an answer carries by a rule that allows its request. As AWS was measured to answer: the
 * rule's methods, only those headers that were asked for, and credentials for origins that are named but not for all.
 */
export function corsHeaders(rule: CorsRule, { origin, headers }: CrossOriginRequest): readonly string[] {
  const isForAll = rule.AllowedOrigins.includes('*');
  const answer = ['Access-Control-Allow-Origin', isForAll ? '*' : origin];
  answer.push('Access-Control-Allow-Methods', rule.AllowedMethods.join(', '));
  if (headers.length > 0) answer.push('Access-Control-Allow-Headers', headers.join(', '));
  if (rule.ExposeHeaders?.length) answer.push('Access-Control-Expose-Headers', rule.ExposeHeaders.join(', '));
  if (rule.MaxAgeSeconds !== undefined) answer.push('Access-Control-Max-Age', String(rule.MaxAgeSeconds));
  if (!isForAll) answer.push('Access-Control-Allow-Credentials', 'true');
  answer.push('Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method');
  return answer;
}
