// @ts-check
/**
 * Changes of a text, and how two that were made at the same time are merged. Line by line the rules of
 * `collab/files/text/delta.py`: the server and every editor must come to the same text.
 *
 * A delta walks along the text: a positive number keeps so many UTF-16 code units, a negative one
 * deletes them, a string is inserted; what is after the last step is kept. All functions are pure.
 */

/** @typedef {number | string} Step */
/** @typedef {readonly Step[]} Delta */

/** @type {Delta} */
export const NOTHING = [];

/** Puts steps together: neighbours of a kind are joined, insertions go before deletions. */
export class Builder {
  /** @type {Step[]} */
  #steps = [];

  /** Keep (a positive number) or delete (a negative one) so many units. @param {number} count */
  number(count) {
    if (!count) return;
    const steps = this.#steps;
    const last = steps[steps.length - 1];
    if (typeof last === "number" && last > 0 === count > 0) steps[steps.length - 1] = last + count;
    else steps.push(count);
  }

  /** @param {string} text */
  insert(text) {
    if (!text) return;
    const steps = this.#steps;
    const last = steps[steps.length - 1];
    const at = typeof last === "number" && last < 0 ? steps.length - 1 : steps.length;
    const before = steps[at - 1];
    if (typeof before === "string") steps[at - 1] = before + text;
    else steps.splice(at, 0, text);
  }

  /** @param {Step} step */
  add(step) {
    if (typeof step === "string") this.insert(step);
    else this.number(step);
  }

  /** The delta; what it keeps at the end need not be said. @returns {Delta} */
  built() {
    const last = this.#steps[this.#steps.length - 1];
    return typeof last === "number" && last > 0 ? this.#steps.slice(0, -1) : this.#steps;
  }
}

/**
 * Steps in the one form that equal changes have.
 * @param {Iterable<Step>} steps
 */
export function normal(steps) {
  const builder = new Builder();
  for (const step of steps) builder.add(step);
  return builder.built();
}

/**
 * The change that puts `text` in the place of `gone` units at a position.
 * @param {number} at
 * @param {number} gone
 * @param {string} text
 */
export function replacing(at, gone, text) {
  return normal([at, text, -gone]);
}

/** How many units of the text a delta walks along. @param {Delta} delta */
export function span(delta) {
  let sum = 0;
  for (const step of delta) sum += typeof step === "string" ? 0 : Math.abs(step);
  return sum;
}

/**
 * The changed text; throws RangeError if the delta reaches past its end.
 * @param {string} text
 * @param {Delta} delta
 */
export function apply(text, delta) {
  if (span(delta) > text.length) throw new RangeError("The change reaches past the end of the text.");
  let made = "";
  let at = 0;
  for (const step of delta) {
    if (typeof step === "string") made += step;
    else {
      if (step > 0) made += text.slice(at, at + step);
      at += Math.abs(step);
    }
  }
  return made + text.slice(at);
}

/**
 * What takes a delta back, where `text` is what it was applied to.
 * @param {Delta} delta
 * @param {string} text
 */
export function invert(delta, text) {
  const builder = new Builder();
  let at = 0;
  for (const step of delta) {
    if (typeof step === "string") builder.number(-step.length);
    else {
      if (step > 0) builder.number(step);
      else builder.insert(text.slice(at, at - step));
      at += Math.abs(step);
    }
  }
  return builder.built();
}

/** Gives a delta's steps in pieces; after the last one it keeps whatever is asked for. */
class Walk {
  #steps;
  #at = 0;

  /** @param {Delta} delta */
  constructor(delta) {
    this.#steps = delta;
    /** @type {Step | undefined} */
    this.step = delta[0];
  }

  next() {
    this.#at += 1;
    this.step = this.#steps[this.#at];
  }

  /** Have done `count` units of the present step. @param {number} count */
  take(count) {
    const step = this.step;
    if (step === undefined) return;
    const rest = typeof step === "string" ? step.slice(count) : step > 0 ? step - count : step + count;
    if (rest) this.step = rest;
    else this.next();
  }
}

/**
 * A delta as it must be once `over`, made from the same text, has been applied. Of two insertions at
 * one place that of `over` stands first, or with `first` that of `delta`.
 * @param {Delta} delta
 * @param {Delta} over
 * @param {boolean} [first]
 * @returns {Delta}
 */
export function transform(delta, over, first = false) {
  const builder = new Builder();
  const mine = new Walk(delta);
  const theirs = new Walk(over);
  while (mine.step !== undefined) {
    if (typeof mine.step === "string" && (first || typeof theirs.step !== "string")) {
      builder.insert(mine.step);
      mine.next();
    } else if (typeof theirs.step === "string") {
      builder.number(theirs.step.length);
      theirs.next();
    } else {
      both(builder, mine, theirs);
    }
  }
  return builder.built();
}

/**
 * Walk along as many units as both have one intention for.
 * @param {Builder} builder
 * @param {Walk} mine
 * @param {Walk} theirs
 */
function both(builder, mine, theirs) {
  const step = /** @type {number} */ (mine.step);
  const other = /** @type {number | undefined} */ (theirs.step);
  const count = other === undefined ? Math.abs(step) : Math.min(Math.abs(step), Math.abs(other));
  if (other === undefined || other > 0) builder.number(step > 0 ? count : -count); // else they are gone already
  mine.take(count);
  theirs.take(count);
}

/**
 * One delta that does what two do, one after the other.
 * @param {Delta} before
 * @param {Delta} after
 * @returns {Delta}
 */
export function compose(before, after) {
  const builder = new Builder();
  const one = new Walk(before);
  const two = new Walk(after);
  while (one.step !== undefined || two.step !== undefined) {
    if (typeof two.step === "string") {
      builder.insert(two.step);
      two.next();
    } else if (typeof one.step === "number" && one.step < 0) {
      builder.number(one.step);
      one.next();
    } else {
      following(builder, one, two);
    }
  }
  return builder.built();
}

/**
 * Do to what the first one leaves (kept or inserted) what the second one does to it.
 * @param {Builder} builder
 * @param {Walk} one
 * @param {Walk} two
 */
function following(builder, one, two) {
  const step = one.step;
  const then = /** @type {number | undefined} */ (two.step);
  const left = step === undefined ? Infinity : typeof step === "string" ? step.length : step;
  const count = Math.min(left, then === undefined ? Infinity : Math.abs(then));
  if (then === undefined || then > 0) builder.add(typeof step === "string" ? step.slice(0, count) : count);
  else if (typeof step !== "string") builder.number(-count);
  one.take(count);
  two.take(count);
}

/**
 * Where a position is after a change. What is inserted right there stands after it, unless `pushed`.
 * @param {number} position
 * @param {Delta} delta
 * @param {boolean} [pushed]
 */
export function moved(position, delta, pushed = false) {
  let old = 0;
  let made = 0;
  for (const step of delta) {
    if (old > position || (old === position && !(pushed && typeof step === "string"))) break;
    if (typeof step === "string") made += step.length;
    else if (step > 0) [old, made] = [old + step, made + step];
    else {
      old -= step;
      if (old > position) return made;
    }
  }
  return made + position - old;
}

/**
 * Where a change's last step ends, in the text after it.
 * @param {Delta} delta
 */
export function endOf(delta) {
  let at = 0;
  let end = 0;
  for (const step of delta) {
    if (typeof step === "string") end = at += step.length;
    else if (step > 0) at += step;
    else end = at;
  }
  return end;
}
