"""Words for what an indicator can be."""

from flask_babel import lazy_gettext as _l

from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling, ReferenceKind
from workspace.results.periods import Rhythm

INDICATOR_KINDS = {
    IndicatorKind.SHARE: _l("A share: so many of so many"),
    IndicatorKind.COUNT: _l("A count"),
    IndicatorKind.AMOUNT: _l("An amount, such as kroner or hours"),
    IndicatorKind.MEAN: _l("An average"),
}
DIRECTIONS = {Direction.UP: _l("Up"), Direction.DOWN: _l("Down")}
MEASURES = {Measures.FLOW: _l("In the whole period"), Measures.LEVEL: _l("On the last day of the period")}
RHYTHMS = {
    Rhythm.MONTH: _l("Every month"),
    Rhythm.QUARTER: _l("Every quarter"),
    Rhythm.HALF_YEAR: _l("Every half-year"),
    Rhythm.YEAR: _l("Every year"),
    Rhythm.IRREGULAR: _l("When there is something to measure"),
}
POOLINGS = {
    Pooling.TOGETHER: _l("Together they make one number"),
    Pooling.SEPARATELY: _l("Each organisation stands for itself"),
    Pooling.ONCE_FOR_ALL: _l("There is one number for everybody"),
}
REFERENCE_KINDS = {ReferenceKind.BASELINE: _l("Baseline"), ReferenceKind.TARGET: _l("Target")}
# The column of the periods, and what a number's period is called there.
PERIOD_NAMES = {
    Rhythm.MONTH: _l("Month"),
    Rhythm.QUARTER: _l("Quarter"),
    Rhythm.HALF_YEAR: _l("Half-year"),
    Rhythm.YEAR: _l("Year"),
    Rhythm.IRREGULAR: _l("Measured"),
}
