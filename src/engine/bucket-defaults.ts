/**
 * What new buckets are like. `aws`: ACLs disabled and public access blocked, as since April 2023, and encrypted; `legacy`: none
 * of that, as before.
 */
export type BucketDefaults = 'aws' | 'legacy';
