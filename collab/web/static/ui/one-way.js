// @ts-check
/**
 * One way to sign in at a time: the answer to a second one would come over what the first has shown, or be
 * the session of somebody else.
 * @param {HTMLElement[]} places whose buttons are off while one of the ways is gone
 * @param {AbortSignal} signal of their view: what fails after it has gone is nobody's business
 * @returns {(work: () => Promise<unknown>) => Promise<void>} goes a way, if none is being gone
 */
export function oneWay(places, signal) {
  let going = false;
  return async (work) => {
    if (going) return;
    going = true;
    // The button that was pressed is busy by itself; off, it would lose the focus.
    const others = places
      .flatMap((place) => [...place.querySelectorAll("button")])
      .filter((one) => !one.disabled && one !== document.activeElement);
    for (const one of others) one.disabled = true;
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      going = false;
      for (const one of others) one.disabled = false;
    }
  };
}
