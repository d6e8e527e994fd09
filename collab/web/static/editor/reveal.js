// @ts-check
/** Pixels around the caret that are seen, too. */
const NEAR = 24;

/**
 * Scroll a text so that a position is seen, beside the numbers of its lines.
 * @param {import("./surface.js").Surface} surface
 * @param {number} position of the field
 * @param {boolean} centred in the middle, if it was out of sight
 */
export function reveal({ element, mirror, overlay, lines, input }, position, centred) {
  const height = mirror.lineHeight;
  const top = lines.at(position) * height;
  const room = element.clientHeight;
  const isAbove = top < element.scrollTop;
  if (isAbove || top + 2 * height > element.scrollTop + room) {
    element.scrollTop = centred ? top - room / 2 : isAbove ? top : top + 2 * height - room;
  }
  mirror.draw();
  const box = overlay.boxAt(position);
  const frame = element.getBoundingClientRect();
  const left = frame.left + input.offsetLeft;
  if (box && box.left < left) element.scrollLeft -= left - box.left + NEAR;
  else if (box && box.right > frame.right - NEAR) element.scrollLeft += box.right - frame.right + 2 * NEAR;
}
