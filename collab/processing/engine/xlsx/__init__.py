"""Workbooks of Excel and its relatives (ECMA-376), opened with care."""
