"""Looks at uploaded files, in child processes with limits; knows no database and no Flask."""

from workspace.files.inspection.child_process import InspectionUnavailable as InspectionUnavailable
from workspace.files.inspection.child_process import process as process
from workspace.files.inspection.outcome import FileKind as FileKind
from workspace.files.inspection.outcome import InspectionOutcome as InspectionOutcome
from workspace.files.inspection.outcome import Refusal as Refusal
