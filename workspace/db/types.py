"""Column types that read any value without failing, and the types of rows and selects of chosen columns."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    Enum,
    Integer,
    Numeric,
    Row,
    Select,
    String,
    TypeDecorator,
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


class EnumWithFallback(Enum):
    """A column that holds the value of a StrEnum's member. Any other value in it is read as the member `otherwise`.

    Another version of Samspil may have written it, or somebody by hand: no page or batch may fail for that.
    """

    cache_ok = True

    def __init__(self, *words: Any, otherwise: StrEnum | None = None, **options: Any) -> None:
        super().__init__(*words, **options)
        self.otherwise = otherwise

    def adapt_to_emulated(self, impltype: Any, **options: Any) -> TypeEngine[Any]:
        """The same type, as the dialect at hand stores it."""
        return super().adapt_to_emulated(impltype, otherwise=self.otherwise, **options)  # type: ignore[no-untyped-call]

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """The function that turns a stored value into a Python value."""
        words: Any = {word.value: word for word in self.enum_class or ()} | {None: None}
        return lambda value: words.get(value, self.otherwise)


class FixedPoint(TypeDecorator[Decimal]):
    """An exact decimal number of 20 digits, four of them decimals. SQLite, which has floats only, counts the steps.

    Sums are exact in both; products are not to be made in the database.
    """

    impl = Numeric(20, 4)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """A number of PostgreSQL, a whole number of SQLite."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else Numeric(20, 4))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Steps of 0.0001 on SQLite."""
        return value if value is None or dialect.name != "sqlite" else int(Decimal(value).scaleb(4))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """The number, from either."""
        if value is None:
            return None
        return Decimal(value).scaleb(-4) if dialect.name == "sqlite" else Decimal(value)


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
        """The function that turns a stored value into a Python value."""
        known: Any = super().result_processor(dialect, coltype) or (lambda value: value)

        def read(value: Any) -> Any:
            try:
                found = known(value)
            except ValueError:  # SQLite takes any text.
                return {}
            return found if isinstance(found, dict) else {}

        return read


def enum_column_type(words: type[StrEnum], length: int = 20, *, otherwise: StrEnum | None) -> EnumWithFallback:
    """The type of a column that holds values of the StrEnum `words`; any other value is read as `otherwise`."""
    return EnumWithFallback(
        words,
        native_enum=False,
        length=length,
        values_callable=lambda words: [word.value for word in words],
        otherwise=otherwise,
    )
