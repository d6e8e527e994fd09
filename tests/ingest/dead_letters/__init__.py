"""Dead letters: found, corrected, replayed once, discarded."""
