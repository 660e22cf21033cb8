"""What a lab calls what: the criteria of the classes, and the components that are shown as
examples. Both are appended to; triggers refuse UPDATE and DELETE.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.columns import UtcDateTime
from app.storage.tables.base import Base


class ClassDefinition(Base):
    """The criteria of a class in an admin's words; of each class the newest row holds.

    text: empty to go back to the usual words.
    """

    __tablename__ = "class_definition"
    __table_args__ = (
        CheckConstraint("label BETWEEN 1 AND 4", name="label_code"),
        Index("ix_definition_label", "label", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[int] = mapped_column(SmallInteger)
    text: Mapped[str] = mapped_column(Text)
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ExampleChoice(Base):
    """An admin's choice to show a component as an example, or no longer; the newest row holds.

    Of which class follows from what people answered.
    """

    __tablename__ = "example_choice"
    __table_args__ = (Index("ix_example_component", "component_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    component_id: Mapped[int] = mapped_column(ForeignKey("component.id"))
    shown: Mapped[bool]
    labeler_id: Mapped[int] = mapped_column(ForeignKey("labeler.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
