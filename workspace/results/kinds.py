"""What an indicator can be."""

from enum import StrEnum


class IndicatorKind(StrEnum):
    """What a number is: so many of so many, how many, how much, or a mean."""

    SHARE = "share"
    COUNT = "count"
    AMOUNT = "amount"
    MEAN = "mean"


class Direction(StrEnum):
    """Where it should go."""

    UP = "up"
    DOWN = "down"


class Measures(StrEnum):
    """Whether a number is a level as of a day, or a flow in a period."""

    LEVEL = "level"
    FLOW = "flow"


class Pooling(StrEnum):
    """Whether the organisations' numbers make one, stand for themselves, or there is only one for all."""

    TOGETHER = "together"
    SEPARATELY = "separately"
    ONCE_FOR_ALL = "once_for_all"


class ReferenceKind(StrEnum):
    """What a number is compared with."""

    BASELINE = "baseline"
    TARGET = "target"
