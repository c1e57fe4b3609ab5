/** Writing of XML text. */

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
export const s3Namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
export const controlNamespace = 'http://awss3control.amazonaws.com/doc/2018-08-20/';

/** All that is not text as it stands: markup, and the characters that some parser changes, drops or refuses. */
const special = /[&<>"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\ufffe\uffff]/g;
const named: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/**
 * Text as XML character data or as an attribute's value. Control characters become references, also those that XML 1.0
 * cannot carry, as AWS sends them: a client that needs such keys asks for `encoding-type=url`.
 */
export function escapeXml(text: string): string {
  if (text.search(special) < 0) return text;
  return text.replaceAll(special, (character) => {
    return named[character] ?? `&#x${character.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}
