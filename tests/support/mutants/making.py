"""Mutants of a module: its text with one small change in one function.

The changes are those of mutmut, made in decorated functions too, and four more that it lacks: a
call without its statement, a `return` of nothing, a `raise` that is left out, an `if` the other
way round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

#: Evaluated when the module is imported, or never.
NOT_RUN = (cst.Annotation, cst.Decorator, cst.Parameters, cst.Import, cst.ImportFrom)
#: What its change would only break, as mutmut has it.
PLAIN_CALLS = {"len", "isinstance", "cast"}
#: Characters of a changed node that are shown.
MAX_SHOWN = 100
#: Characters before the first that differ, of those that are too long.
SHOWN_BEFORE = 40

Span = range
#: What writes code.
EMPTY = cst.Module([])


@dataclass(frozen=True)
class Mutant:
    """One change; it is told apart by its module, function, and what became of what."""

    module: str
    function: str
    line: int
    old: str
    new: str
    #: The lines of the statement: a test that runs none of them can't notice the change.
    lines: Span = field(compare=False, repr=False)
    #: The module's text before the definition that is changed, the definition, and the text after.
    around: tuple[str, cst.CSTNode, str] = field(compare=False, repr=False)
    change: tuple[cst.CSTNode, cst.CSTNode] = field(compare=False, repr=False)

    @property
    def source(self) -> str:
        """Return the whole module with the change in it."""
        before, definition, after = self.around
        changed: Any = definition.deep_replace(*self.change)
        return before + EMPTY.code_for_node(changed) + after

    @cached_property
    def name(self) -> str:
        """Return what docs/mutations.md calls it."""
        return f"`{self.function}`: `{self.old}` → `{self.new}`"

    def is_in(self, text: str) -> bool:
        """Tell whether a text names it, in a table of Markdown or as it is."""
        return self.name in text or self.name.replace("|", "\\|") in text


def mutants_of(path: Path, module: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its lines."""
    wrapper = MetadataWrapper(cst.parse_module(path.read_text()))
    visitor = _Visitor(module, wrapper.module)
    wrapper.visit(visitor)
    return visitor.found


class _Visitor(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: str, tree: cst.Module) -> None:
        super().__init__()
        self.module = module
        self._around = _surroundings(tree)
        self.found: list[Mutant] = []
        self._names: list[str] = []
        self._functions = 0
        self._spans: list[Span] = []
        self._definition: cst.CSTNode = tree

    def on_visit(self, node: cst.CSTNode) -> bool:
        if _is_left_out(node):
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._definition = self._definition if self._names else node
            self._names.append(node.name.value)
        if isinstance(node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._spans.append(self._span(node))
        if self._functions:
            self._change(node)
        if isinstance(node, cst.FunctionDef):
            self._functions += 1
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if _is_left_out(original_node):
            return
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._names.pop()
        if isinstance(original_node, cst.FunctionDef):
            self._functions -= 1
        if isinstance(original_node, cst.SimpleStatementLine | cst.BaseCompoundStatement):
            self._spans.pop()

    def _span(self, node: cst.CSTNode) -> Span:
        """Return the lines of a statement, or those of the head of a compound one."""
        place = self.get_metadata(PositionProvider, node)
        first, last = place.start.line, place.end.line
        body = getattr(node, "body", None)
        if isinstance(body, cst.BaseSuite):
            last = max(first, self.get_metadata(PositionProvider, body).start.line - 1)
        return range(first, last + 1)

    def _change(self, node: cst.CSTNode) -> None:
        for changed in _changes(node):
            old, new = _shown(node, changed)
            self.found.append(
                Mutant(
                    module=self.module,
                    function=".".join(self._names),
                    line=self.get_metadata(PositionProvider, node).start.line,
                    old=old,
                    new=new,
                    lines=self._spans[-1],
                    around=self._around[self._definition],
                    change=(node, changed),
                )
            )


def _surroundings(tree: cst.Module) -> dict[cst.CSTNode, tuple[str, cst.CSTNode, str]]:
    """Return of each definition what stands before and after it: only one is written anew."""
    head = "".join(tree.code_for_node(line) for line in tree.header)
    texts = [tree.code_for_node(one) for one in tree.body]
    return {
        one: (head + "".join(texts[:at]), one, "".join(texts[at + 1 :]))
        for at, one in enumerate(tree.body)
    }


def _is_left_out(node: cst.CSTNode) -> bool:
    """Tell what is not changed, with all that is in it."""
    if isinstance(node, cst.Call):
        plain = isinstance(node.func, cst.Name) and node.func.value in PLAIN_CALLS
        return plain or (bool(node.args) and all(_is_wording(one.value) for one in node.args))
    return isinstance(node, NOT_RUN) or _is_wording(node)


def _is_wording(node: cst.CSTNode) -> bool:
    """Tell whether it is a sentence for people: how it is worded is no promise."""
    if not isinstance(node, cst.SimpleString | cst.FormattedString | cst.ConcatenatedString):
        return False
    text = EMPTY.code_for_node(node)
    return " " in text or '"""' in text


def _changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.SimpleString):
        yield node.with_changes(value=f'"XX{node.raw_value}XX"')  # once, not in three ways
        return
    for kind, operator in mutation_operators:
        if isinstance(node, kind):
            yield from operator(node)
    yield from _ours(node)


def _ours(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    if isinstance(node, cst.Expr) and isinstance(node.value, cst.Call):
        yield cst.Pass()
    if isinstance(node, cst.Raise):
        yield cst.Pass()
    if isinstance(node, cst.Return) and node.value and not _is_name(node.value, "None"):
        yield cst.Return(cst.Name("None"))
    if isinstance(node, cst.If) and not _is_turned_by_mutmut(node.test):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def _is_turned_by_mutmut(test: cst.BaseExpression) -> bool:
    turned = cst.Is | cst.IsNot | cst.In | cst.NotIn | cst.Equal | cst.NotEqual
    if isinstance(test, cst.Comparison):
        return isinstance(test.comparisons[0].operator, turned)
    return isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not)


def _is_name(node: cst.CSTNode, name: str) -> bool:
    return isinstance(node, cst.Name) and node.value == name


def _shown(node: cst.CSTNode, changed: cst.CSTNode) -> tuple[str, str]:
    """Return both as one line each; of what is long, a part in which they differ."""
    texts = [_line(node), _line(changed)]
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    if same >= MAX_SHOWN - 1:
        texts = [f"…{text[same - SHOWN_BEFORE :]}" for text in texts]
    old, new = (one if len(one) <= MAX_SHOWN else f"{one[: MAX_SHOWN - 1]}…" for one in texts)
    return old, new


def _line(node: cst.CSTNode) -> str:
    shown = node.test if isinstance(node, cst.If) else node
    return " ".join(EMPTY.code_for_node(shown).split())
