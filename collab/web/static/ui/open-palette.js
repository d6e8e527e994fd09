// @ts-check
import { asProblem } from "../core/problem.js";
import { toast } from "./toast.js";

/** Open the command palette, which is loaded when it is first wanted. */
export async function openPalette() {
  try {
    const { open } = await import(PALETTE);
    open();
  } catch (error) {
    toast.problem(asProblem(error));
  }
}

const PALETTE = "../views/palette.js";
