"""A file with coupon codes, read line by line."""

from collections.abc import Iterator
from io import TextIOWrapper
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from referrals.admin.steps import StepForm
from referrals.transitions import Refused

LARGEST = 30 * 1024 * 1024
WIDE = (b"\xff\xfe", b"\xfe\xff")


class CodesForm(StepForm):
    codes = forms.FileField(
        label=gettext_lazy("File with the codes"),
        help_text=gettext_lazy("CSV or plain text, a code a line in the first column, 30 MB at most."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        error_messages={
            "required": gettext_lazy("Choose the file with the codes."),
            "empty": gettext_lazy("This file is empty. Choose the one with the codes."),
        },
    )

    def clean_codes(self) -> Iterator[str]:
        file: UploadedFile = self.cleaned_data["codes"]
        if file.size and file.size > LARGEST:
            raise forms.ValidationError(
                _("This file is larger than 30 MB. Split it: codes that are there already are passed over.")
            )
        return lines_of(file)


def lines_of(file: Any) -> Iterator[str]:
    """The lines of an uploaded text file in UTF-8, or UTF-16 as spreadsheets write it. Raises Refused for others."""
    file.seek(0)
    encoding = "utf-16" if file.read(2) in WIDE else "utf-8-sig"
    file.seek(0)
    try:
        for line in _decoded(file, encoding):
            if "\0" in line:
                raise _not_text()
            yield line
    except UnicodeError as error:
        raise _not_text() from error


def _not_text() -> Refused:
    return Refused(
        _("This is no text file. Save the list as CSV in UTF-8, then choose it again. Nothing was imported.")
    )


def _decoded(file: UploadedFile, encoding: str) -> Iterator[str]:
    with TextIOWrapper(file.file, encoding=encoding, newline=None) as text:  # type: ignore[type-var]
        yield from text
