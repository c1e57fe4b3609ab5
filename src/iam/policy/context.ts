/** What a request brings to conditions and policy variables: values by condition key. */

/**
 * The value or values of a condition key; undefined where the request has none. Asked only for the keys that a policy
 * names, by `conditionKey`, so an implementation can find out what costs something when it is asked.
 */
export type RequestContext = (key: string) => ContextValue | undefined;

/** Several values only for keys that AWS defines as multivalued, such as `aws:TagKeys`. */
export type ContextValue = string | readonly string[];

/**
 * A condition key in the form in which contexts are asked for it: in lower case, as the case of its name does not count. A
 * tag's key after a slash is left as it is, for objects' tags differ by case; the context decides how to compare it.
 */
export function conditionKey(name: string): string {
  const slash = name.indexOf('/');
  return slash === -1 ? name.toLowerCase() : name.slice(0, slash).toLowerCase() + name.slice(slash);
}

/** A context of fixed values, for what asks with few and known keys. */
export function contextOf(values: Readonly<Record<string, ContextValue>>): RequestContext {
  const byKey = new Map(Object.entries(values).map(([name, value]) => [conditionKey(name).toLowerCase(), value]));
  return (key) => byKey.get(key.toLowerCase());
}
