"""How addresses are matched: short names, ids, and rules that are compiled when they are used."""
