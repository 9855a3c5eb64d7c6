"""Column types that read any value without failing, and the types of rows and selects of chosen columns."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    Integer,
    Row,
    Select,
    String,
    TypeDecorator,
    literal_column,
)
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

# Rows and selects of chosen columns: what they hold, the query says.
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

# Names are compared byte by byte in both databases; Danish order is in the key itself (names.sort_key).
SortKey = String().with_variant(String(collation="C"), "postgresql")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, aware, stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class InlineEnum(Enum):
    """A column that holds one of our own words. Any other that stands there is read as the word `otherwise`.

    Another version of Samspil may have written it, or somebody by hand: no page or batch may fail for that.

    Compared with one of them it makes the word a part of the statement. As a parameter it could be any, so that SQLite
    plans a statement anew at each run where an index is of some of the words only, and PostgreSQL uses no such index.
    """

    cache_ok = True

    class Comparator(Enum.Comparator):
        """Compares with words as they stand."""

        def operate(self, op: OperatorType, *other: Any, **given: Any) -> ColumnElement[Any]:
            """As any column; with words, with what they are."""
            return super().operate(op, *map(inline_literal, other), **given)

    comparator_factory = Comparator

    def __init__(self, *words: Any, otherwise: StrEnum | None = None, **options: Any) -> None:
        super().__init__(*words, **options)
        self.otherwise = otherwise

    def adapt_to_emulated(self, impltype: Any, **options: Any) -> TypeEngine[Any]:
        """The same for a database's own kind of column."""
        return super().adapt_to_emulated(impltype, otherwise=self.otherwise, **options)  # type: ignore[no-untyped-call]

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What reads a value."""
        words: Any = {word.value: word for word in self.enum_class or ()} | {None: None}
        return lambda value: words.get(value, self.otherwise)


class Among(TypeDecorator[int]):
    """A column that holds one of some numbers. Any other that stands there is read as the number `otherwise`."""

    impl = Integer
    cache_ok = True

    def __init__(self, numbers: tuple[int, ...], otherwise: int) -> None:
        super().__init__()
        self.numbers, self.otherwise = numbers, otherwise

    def process_result_value(self, value: Any, dialect: Dialect) -> int:
        """The number that was read, or the other."""
        return value if value in self.numbers else self.otherwise


class Details(TypeDecorator[dict[str, Any]]):
    """A column that holds an object of JSON. Anything else that stands there is read as one without any values."""

    impl = JSON
    cache_ok = True

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        """What a part of it is compared with, as JSON says."""
        return self.impl_instance.coerce_compared_value(op, value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What reads a value."""
        known: Any = super().result_processor(dialect, coltype) or (lambda value: value)

        def read(value: Any) -> Any:
            try:
                found = known(value)
            except ValueError:  # SQLite takes any text.
                return {}
            return found if isinstance(found, dict) else {}

        return read


def enum_column_type(words: type[StrEnum], length: int = 20, *, otherwise: StrEnum | None) -> InlineEnum:
    """A column that holds one of `words`, as the word itself; what is none of them is read as `otherwise`."""
    return InlineEnum(
        words,
        native_enum=False,
        length=length,
        values_callable=lambda words: [word.value for word in words],
        otherwise=otherwise,
    )


def inline_literal(words: Any) -> Any:
    """One or some of our own words as a part of a statement; anything else as it is."""
    if isinstance(words, StrEnum):
        return literal_column(f"'{words.value}'")
    return [inline_literal(word) for word in words] if isinstance(words, list | tuple | set | frozenset) else words
