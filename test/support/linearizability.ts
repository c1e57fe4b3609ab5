/**
 * Whether a history of overlapping operations could have happened one at a time, each at some moment between its call and
 * its answer: the search of Wing and Gong, with Lowe's memory of what was tried. An operation without an answer may have
 * taken effect at any moment after its call, or never. Where it is known that it cannot have done so after some moment, that
 * moment stands for its answer, and the model says that both is possible.
 *
 * The search goes along calls and answers in the order of time. A call may be the next to take effect if the state allows
 * what it was answered; an answer whose operation has not taken effect means that an earlier choice was wrong.
 */

export interface Operation<Op> {
  readonly op: Op;
  /** Moments by any clock that all operations share. */
  readonly calledAt: number;
  /** Undefined if no answer came. */
  readonly answeredAt: number | undefined;
}

export interface SequentialModel<State, Op> {
  readonly initial: State;
  /** The states that an operation may lead to; none if it would have been answered otherwise. */
  step(state: State, op: Op): readonly State[];
  /** Equal for equal states. */
  nameOf(state: State): string;
}

interface Event<Op> {
  readonly operation: number;
  /** Of a call. */
  readonly op: Op | undefined;
  previous: Event<Op> | undefined;
  next: Event<Op> | undefined;
  /** Of a call: the event of its answer. */
  answer: Event<Op> | undefined;
}

/** An operation that is taken to have been the next, in one of the ways it could be. */
interface Choice<State, Op> {
  readonly call: Event<Op>;
  readonly before: State;
  readonly way: number;
}

export function isLinearizable<State, Op>(
  history: readonly Operation<Op>[],
  model: SequentialModel<State, Op>,
): boolean {
  const head = eventsOf(history);
  const choices: Choice<State, Op>[] = [];
  const isDone = Buffer.alloc(history.length);
  const tried = new Set<string>();
  let answersLeft = history.filter(({ answeredAt }) => answeredAt !== undefined).length;
  let state = model.initial;
  let event = head.next;
  let way = 0;
  while (answersLeft > 0) {
    if (event?.op === undefined) {
      // 1. An answer, or the end: what was chosen last was wrong. The same operation may be done in another way.
      const last = choices.pop();
      if (last === undefined) return false;
      putBack(last.call);
      isDone[last.call.operation] = 0;
      answersLeft += Number(last.call.answer !== undefined);
      [event, state, way] = [last.call, last.before, last.way + 1];
      continue;
    }
    const after = model.step(state, event.op)[way];
    if (after === undefined) {
      // 2. No way, or no other, in which this one can be the next.
      [event, way] = [event.next, 0];
      continue;
    }
    isDone[event.operation] = 1;
    if (isNewIn(tried, `${isDone.toString('latin1')}${model.nameOf(after)}`)) {
      // 3. It is the next.
      choices.push({ call: event, before: state, way });
      answersLeft -= Number(event.answer !== undefined);
      takeOut(event);
      [event, state, way] = [head.next, after, 0];
    } else {
      // 4. It led nowhere before.
      isDone[event.operation] = 0;
      way += 1;
    }
  }
  return true;
}

function isNewIn(set: Set<string>, name: string): boolean {
  if (set.has(name)) return false;
  set.add(name);
  return true;
}

/** The calls and answers in the order of time, behind an empty head. */
function eventsOf<Op>(history: readonly Operation<Op>[]): Event<Op> {
  const moments: { at: number; event: Event<Op> }[] = [];
  for (const [operation, { op, calledAt, answeredAt }] of history.entries()) {
    const call: Event<Op> = { operation, op, previous: undefined, next: undefined, answer: undefined };
    moments.push({ at: calledAt, event: call });
    if (answeredAt === undefined) continue;
    call.answer = { operation, op: undefined, previous: undefined, next: undefined, answer: undefined };
    moments.push({ at: answeredAt, event: call.answer });
  }
  const head: Event<Op> = { operation: -1, op: undefined, previous: undefined, next: undefined, answer: undefined };
  let last = head;
  for (const { event } of moments.sort((a, b) => a.at - b.at)) {
    event.previous = last;
    last.next = event;
    last = event;
  }
  return head;
}

function takeOut<Op>(call: Event<Op>): void {
  for (const event of [call, call.answer]) {
    if (event?.previous) event.previous.next = event.next;
    if (event?.next) event.next.previous = event.previous;
  }
}

/** Undoes `takeOut`: the events still know their neighbours, so the later one goes back first. */
function putBack<Op>(call: Event<Op>): void {
  for (const event of [call.answer, call]) {
    if (event?.previous) event.previous.next = event;
    if (event?.next) event.next.previous = event;
  }
}
