/** Tags of queues and topics, by key. https://docs.aws.amazon.com/sns/latest/dg/sns-tags.html */
export type ResourceTags = Readonly<Record<string, string>>;

/** As SQS and SNS have it. */
export const tagsMax = 50;
const pattern = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** With tags over others. Throws what `refuse` makes of the reason. */
export function withTags(
  now: ResourceTags,
  { added, refuse }: { readonly added: ResourceTags; readonly refuse: (why: string) => Error },
): ResourceTags {
  for (const [key, value] of Object.entries(added)) {
    const isKey = key.length >= 1 && key.length <= 128 && pattern.test(key) && !/^aws:/i.test(key);
    if (!isKey || value.length > 256 || !pattern.test(value)) {
      throw refuse(`The tag ${key} has a key or a value that no tag can have.`);
    }
  }
  const tags = { ...now, ...added };
  if (Object.keys(tags).length <= tagsMax) return tags;
  throw refuse(`Too many tags: there are ${tagsMax} at most.`);
}

export function withoutTags(now: ResourceTags, keys: readonly string[]): ResourceTags {
  return Object.fromEntries(Object.entries(now).filter(([key]) => !keys.includes(key)));
}
