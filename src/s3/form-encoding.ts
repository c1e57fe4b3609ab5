/** Text encoded as in an HTML form: percent signs, and plus signs for spaces. */

/** The text; undefined where it is not so encoded, or not of UTF-8. */
export function decodeForm(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
