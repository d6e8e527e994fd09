"""What people do with events that the pipeline rejected."""

from __future__ import annotations

from dataclasses import dataclass

from ..types import ProjectEvent


@dataclass(frozen=True, kw_only=True)
class DeadLetterCorrected(ProjectEvent):
    """What is to be sent in a dead letter's place was changed."""

    type = "dead_letter.corrected"
    letter_id: int


@dataclass(frozen=True, kw_only=True)
class DeadLettersReplayed(ProjectEvent):
    """Dead letters were sent again."""

    type = "dead_letters.replayed"
    count: int


@dataclass(frozen=True, kw_only=True)
class DeadLettersDiscarded(ProjectEvent):
    """Dead letters were discarded."""

    type = "dead_letters.discarded"
    count: int
