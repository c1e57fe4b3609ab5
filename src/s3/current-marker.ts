/** What concerns the version itself, like its tags: a delete marker that is current is met there, as if it had been named. */
import { EngineError } from '../engine/errors.ts';

/**
 * What `result` resolves to. Where the object is gone behind a delete marker it rejects with DeleteMarkerMet, as if the
 * marker had been named, and not with NoSuchKey.
 */
export async function meetingMarkers<T>(result: Promise<T>): Promise<T> {
  try {
    return await result;
  } catch (error) {
    const isHidden = error instanceof EngineError && error.code === 'NoSuchKey';
    if (!isHidden || error.details.deleteMarkerVersionId === undefined) throw error;
    throw new EngineError('DeleteMarkerMet', error.message, error.details, { cause: error });
  }
}
