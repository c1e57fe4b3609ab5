/**
 * What lifecycle rules may do to the versions of a bucket, and what they must have done, in terms small enough to be checked
 * by reading. The server says when a pass began, but not when it looked at what, and a client knows of a version only that it
 * was made between a request and its answer. So the model does not say what the outcome is. It judges one: nothing may have
 * gone that no rule takes by then, nothing may be left that was due when a pass began which found nothing more to do, and what
 * is neither must be as it was.
 */
import type { ModelUpload, ModelVersion, ReferenceModel } from './reference-model.ts';
import type { Span } from './span.ts';

/** The classes that rules lead down through, as they are drawn. */
export const movedTo = ['STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'] as const;
export type MovedTo = (typeof movedTo)[number];

export interface ModelFilter {
  readonly prefix: string;
  readonly tag?: string | undefined;
  readonly largerThan?: number | undefined;
  readonly smallerThan?: number | undefined;
}

export type ModelAction =
  | { readonly kind: 'expire'; readonly days: number }
  | { readonly kind: 'expire on a date'; readonly isPast: boolean }
  | { readonly kind: 'expire markers' }
  | { readonly kind: 'expire noncurrent'; readonly days: number; readonly newer: number }
  | { readonly kind: 'abort uploads'; readonly days: number }
  | { readonly kind: 'move'; readonly days: number; readonly to: MovedTo }
  | { readonly kind: 'move noncurrent'; readonly days: number; readonly newer: number; readonly to: MovedTo };

export interface ModelRule {
  readonly isEnabled: boolean;
  readonly filter: ModelFilter;
  readonly action: ModelAction;
}

/** What a listing says of a version. */
export interface ListedVersion {
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly storageClass: string;
}

export interface Passes {
  readonly rules: readonly ModelRule[];
  readonly dayMs: number;
  readonly versioning: ReferenceModel['versioning'];
  /** Before the rules were put. */
  readonly fromMs: number;
  /** When a pass began that found nothing more to do. */
  readonly completeMs: number;
  /** When no rule acted any more. */
  readonly endMs: number;
}

/** `maybe` at the end, by the earliest time that a version may have; or `surely` by the latest, when the complete pass began. */
type How = 'maybe' | 'surely';

const unmovedSizeMax = 128 * 1024;

/** Why an outcome cannot be. */
export class WrongOutcome extends Error {
  override readonly name = 'WrongOutcome';
}

/** The versions of a key as they are after the passes, newest first. Throws WrongOutcome. */
export function judgeVersions(
  key: string,
  { before, after, passes }: { before: readonly ModelVersion[]; after: readonly ListedVersion[]; passes: Passes },
): ModelVersion[] {
  return new Judgement(key, before, passes).judge(after);
}

/** Throws WrongOutcome unless just those uploads are left that may be. */
export function judgeUploads(
  uploads: ReadonlyMap<string, ModelUpload>,
  { left, passes }: { left: ReadonlySet<string>; passes: Passes },
): void {
  const isDue = (upload: ModelUpload, how: How) =>
    passes.rules.some(({ isEnabled, filter, action }) => {
      const isFor = isEnabled && action.kind === 'abort uploads' && upload.key.startsWith(filter.prefix);
      return isFor && isOver(upload.made, action.days, { how, passes });
    });
  for (const [id, upload] of uploads) {
    if (!left.has(id) && !isDue(upload, 'maybe')) throw new WrongOutcome(`${upload.key}: upload ${id} is gone early`);
    if (left.has(id) && isDue(upload, 'surely')) throw new WrongOutcome(`${upload.key}: upload ${id} is still there`);
  }
}

/** Whether so many days, and the day in which they end, have passed since a moment. */
function isOver(since: Span, days: number, { how, passes }: { how: How; passes: Passes }): boolean {
  const { dayMs, completeMs, endMs } = passes;
  const sinceMs = how === 'surely' ? since.toMs : since.fromMs;
  return (Math.floor(sinceMs / dayMs) + days + 1) * dayMs <= (how === 'surely' ? completeMs : endMs);
}

/** Where a noncurrent version stands: since when, and how many noncurrent ones are newer. */
interface Standing {
  readonly since: Span;
  readonly newer: number;
}

class Judgement {
  readonly #key: string;
  readonly #before: readonly ModelVersion[];
  readonly #passes: Passes;
  /** Those of them that are there afterwards. */
  #kept: readonly ModelVersion[] = [];

  constructor(key: string, before: readonly ModelVersion[], passes: Passes) {
    this.#key = key;
    this.#before = before;
    this.#passes = passes;
  }

  judge(after: readonly ListedVersion[]): ModelVersion[] {
    const marker = this.#newMarker(after);
    const left = marker === undefined ? after : after.slice(1);
    const kept = left.map((listed) => this.#known(listed));
    this.#kept = kept;
    const places = kept.map((version) => this.#before.indexOf(version));
    if (places.some((place, i) => i > 0 && place <= (places[i - 1] ?? 0))) this.#fail('the order of versions changed');
    for (const [place, version] of this.#before.entries()) {
      if (kept.includes(version)) continue;
      // A null version gives way to the null marker.
      if (marker?.versionId === 'null' && version.versionId === 'null') continue;
      if (!this.#mayGo(version, place, after.length === 0)) this.#fail(`${version.versionId} is gone and was not due`);
    }
    for (const [i, { storageClass }] of left.entries()) {
      const version = kept[i];
      if (version !== undefined && version.storageClass !== storageClass) this.#move(version, storageClass);
    }
    const now = marker === undefined ? kept : [marker, ...kept];
    this.#checkLeft(now, marker !== undefined);
    return now;
  }

  /** The marker that an expiry has made. */
  #newMarker([top]: readonly ListedVersion[]): ModelVersion | undefined {
    const [current] = this.#before;
    const { versioning, fromMs, endMs } = this.#passes;
    if (current?.content === undefined || top?.isMarker !== true) return undefined;
    const isKnown = this.#before.some(({ versionId }) => versionId === top.versionId);
    const isNew = versioning === 'Enabled' ? !isKnown : versioning === 'Suspended' && top.versionId === 'null';
    if (!isNew) return undefined;
    if (!this.#expires(current, 'maybe')) this.#fail(`${current.versionId} was hidden and was not due`);
    const made = { fromMs, toMs: endMs };
    return { versionId: top.versionId, content: undefined, etag: '', tag: undefined, made, storageClass: '' };
  }

  #known({ versionId, isMarker }: ListedVersion): ModelVersion {
    const known = this.#before.find((version) => version.versionId === versionId);
    if (known === undefined || (known.content === undefined) !== isMarker) return this.#fail(`${versionId} is new`);
    return known;
  }

  #mayGo(version: ModelVersion, place: number, isKeyGone: boolean): boolean {
    if (isKeyGone && version.versionId === 'null' && this.#nullMarkerMayHaveGone()) return true;
    if (place > 0) return this.#noncurrentExpires(version, this.#standing(place, 'maybe'), 'maybe');
    if (version.content === undefined) return isKeyGone && this.#markerExpires(version, 'maybe');
    if (!this.#expires(version, 'maybe')) return false;
    return this.#passes.versioning === 'Unversioned' || this.#noncurrentExpires(version, this.#hiddenStanding, 'maybe');
  }

  /** Whether an expiry may have put a null marker in the place of the null version, which went in its turn. */
  #nullMarkerMayHaveGone(): boolean {
    const [current] = this.#before;
    const { versioning, fromMs, endMs } = this.#passes;
    if (versioning !== 'Suspended' || current?.content === undefined || !this.#expires(current, 'maybe')) return false;
    const made = { fromMs, toMs: endMs };
    const marker = { versionId: 'null', content: undefined, etag: '', tag: undefined, made, storageClass: '' };
    return this.#markerExpires(marker, 'maybe');
  }

  /** Of the current version, once a marker hides it. */
  get #hiddenStanding(): Standing {
    return { since: { fromMs: this.#passes.fromMs, toMs: this.#passes.endMs }, newer: 0 };
  }

  /**
   * Of a version that is not current before the passes. In the end it may have one more above it, or only those that are
   * still there.
   */
  #standing(place: number, how: How): Standing {
    const [current] = this.#before;
    const since = spanOf(this.#successors(place));
    if (how === 'surely') return { since, newer: this.#keptAbove(place) - 1 };
    const mayBeHidden = current !== undefined && this.#expires(current, 'maybe');
    return { since, newer: place - 1 + (mayBeHidden ? 1 : 0) };
  }

  /**
   * When that may have come which stood just above a version: of what went, also what was above that. What an upload became is
   * as old as the upload, and came when that was completed.
   */
  #successors(place: number): Span[] {
    const above = this.#before.slice(0, place);
    const nearest = above.findLastIndex((version) => this.#kept.includes(version));
    const made = above.slice(Math.max(0, nearest)).map((version) => version.placed ?? version.made);
    return nearest < 0 ? [this.#hiddenStanding.since, ...made] : made;
  }

  #keptAbove(place: number): number {
    return this.#before.slice(0, place).filter((version) => this.#kept.includes(version)).length;
  }

  /** What was due is not there any more. A marker that is new may have been made after the complete pass. */
  #checkLeft(now: readonly ModelVersion[], hasNewMarker: boolean): void {
    for (const [i, version] of now.entries()) {
      const { versionId, content, storageClass } = version;
      const place = this.#before.indexOf(version);
      const standing = place > 0 ? this.#standing(place, 'surely') : undefined;
      if (standing !== undefined && this.#noncurrentExpires(version, standing, 'surely')) {
        this.#fail(`${versionId} is still there, not current for long enough`);
      }
      if (i === 0 && this.#expires(version, 'surely')) this.#fail(`${versionId} is still there, old enough`);
      // What a marker hides now may have been current until after that pass.
      if (content === undefined || (i > 0 && place === 0)) continue;
      const [due] = this.#moves(version, standing, 'surely');
      if (due !== undefined) this.#fail(`${versionId} is still in ${storageClass}, due in ${due}`);
    }
    const [first] = now;
    if (now.length !== 1 || first === undefined || first.content !== undefined || hasNewMarker) return;
    // It was alone when the complete pass began if what was below it was due by then.
    const wasAlone = this.#before.every(
      (version, place) =>
        version === first || this.#noncurrentExpires(version, this.#standing(place, 'surely'), 'surely'),
    );
    if (wasAlone && this.#markerExpires(first, 'surely'))
      this.#fail(`${first.versionId}, a lone marker, is still there`);
  }

  /** Notes the class that a version has moved to. What is restored of it is not said. */
  #move(version: ModelVersion, to: string): void {
    const place = this.#before.indexOf(version);
    const moves = [
      ...this.#moves(version, place === 0 ? undefined : this.#standing(place, 'maybe'), 'maybe'),
      ...(place === 0 && this.#expires(version, 'maybe') ? this.#moves(version, this.#hiddenStanding, 'maybe') : []),
    ];
    if (!moves.some((known) => known === to)) {
      this.#fail(`${version.versionId} went from ${version.storageClass} to ${to} and was not due there`);
    }
    version.storageClass = to;
    if (version.restore !== undefined) version.restore = 'unknown';
  }

  #expires(version: ModelVersion, how: How): boolean {
    return version.content !== undefined && this.#expiresByAge(version, how);
  }

  #markerExpires(marker: ModelVersion, how: How): boolean {
    return this.#expiresByAge(marker, how) || this.#some(marker, ({ kind }) => kind === 'expire markers');
  }

  #expiresByAge(version: ModelVersion, how: How): boolean {
    return this.#some(version, (action) => {
      if (action.kind === 'expire on a date') return action.isPast;
      return action.kind === 'expire' && isOver(version.made, action.days, { how, passes: this.#passes });
    });
  }

  #noncurrentExpires(version: ModelVersion, { since, newer }: Standing, how: How): boolean {
    const { completeMs, endMs } = this.#passes;
    if ((version.lockedUntilMs ?? 0) > (how === 'surely' ? completeMs : endMs)) return false;
    return this.#some(
      version,
      (action) =>
        action.kind === 'expire noncurrent' &&
        newer >= action.newer &&
        isOver(since, action.days, { how, passes: this.#passes }),
    );
  }

  /** The classes below its own that a version is due in; without a standing as the current one. */
  #moves(version: ModelVersion, standing: Standing | undefined, how: How): MovedTo[] {
    const { content, storageClass } = version;
    if (content === undefined) return [];
    return this.#passes.rules.flatMap((rule) => {
      const { action, filter } = rule;
      if (action.kind !== 'move' && action.kind !== 'move noncurrent') return [];
      const isMeant = (action.kind === 'move') === (standing === undefined) && this.#isFor(rule, version);
      const namesSize = filter.largerThan !== undefined || filter.smallerThan !== undefined;
      if (!isMeant || (content.length < unmovedSizeMax && !namesSize)) return [];
      if (action.kind === 'move noncurrent' && (standing?.newer ?? 0) < action.newer) return [];
      const isDue = isOver(standing?.since ?? version.made, action.days, { how, passes: this.#passes });
      return isDue && depthOf(action.to) > depthOf(storageClass) ? [action.to] : [];
    });
  }

  #some(version: ModelVersion, isDue: (action: ModelAction) => boolean): boolean {
    return this.#passes.rules.some((rule) => this.#isFor(rule, version) && isDue(rule.action));
  }

  /** Markers have neither bytes nor tags. */
  #isFor({ isEnabled, filter }: ModelRule, { content, tag }: ModelVersion): boolean {
    const { prefix, largerThan = -1, smallerThan = Number.POSITIVE_INFINITY } = filter;
    const size = content?.length ?? 0;
    const isOfSize = size > largerThan && size < smallerThan;
    return isEnabled && this.#key.startsWith(prefix) && isOfSize && (filter.tag === undefined || filter.tag === tag);
  }

  #fail(what: string): never {
    const { rules, fromMs, completeMs, endMs } = this.#passes;
    const versions = this.#before.map(({ versionId, content, storageClass, made }) => {
      const times = `${made.fromMs - fromMs}…${made.toMs - fromMs} ms`;
      return `${versionId} ${content === undefined ? 'marker' : `${content.length} bytes ${storageClass}`} ${times}`;
    });
    const times = `complete ${completeMs - fromMs}, end ${endMs - fromMs} ms`;
    throw new WrongOutcome(
      `${JSON.stringify(this.#key)}: ${what}\n${versions.join('\n')}\n${JSON.stringify(rules)}\n${times}`,
    );
  }
}

/** From the earliest to the latest that several moments may be. */
function spanOf(spans: readonly Span[]): Span {
  return { fromMs: Math.min(...spans.map(({ fromMs }) => fromMs)), toMs: Math.max(...spans.map(({ toMs }) => toMs)) };
}

const depths: readonly string[] = movedTo;

function depthOf(storageClass: string): number {
  return depths.indexOf(storageClass) + 1;
}
