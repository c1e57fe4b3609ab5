/** Where the statements of a policy stand in its text, as the policy simulator tells it. Pure. */

/** Counted from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

export interface TextSpan {
  readonly start: TextPosition;
  /** Behind the last character. */
  readonly end: TextPosition;
}

const tokenPattern = /"(?:[^"\\]|\\.)*"|[[\]{}:,]/gs;

/** Of a document that is valid JSON, in its order. */
export function statementPositions(text: string): readonly TextSpan[] {
  const spans: TextSpan[] = [];
  let depth = 0;
  let lastString = '';
  let isWithin = false;
  let begun: { readonly at: number; readonly depth: number } | undefined;
  for (const { 0: token, index } of text.matchAll(tokenPattern)) {
    if (token.startsWith('"')) lastString = depth === 1 ? String(JSON.parse(token)) : lastString;
    else if (token === ':' && depth === 1) isWithin = lastString === 'Statement';
    else if (token === ',' && depth === 1) isWithin = false;
    else if (token === '{' || token === '[') {
      // A statement is the member's value, or an item of its list.
      if (isWithin && begun === undefined && token === '{') begun = { at: index, depth };
      depth += 1;
    } else if (token === '}' || token === ']') {
      depth -= 1;
      if (begun?.depth !== depth) continue;
      spans.push({ start: positionOf(text, begun.at), end: positionOf(text, index + 1) });
      begun = undefined;
    }
  }
  return spans;
}

function positionOf(text: string, at: number): TextPosition {
  const lines = text.slice(0, at).split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}
