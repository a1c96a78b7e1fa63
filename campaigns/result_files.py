"""Results as files: CSV, a table each, and a workbook for Excel and LibreOffice with all of them."""

import csv
import io
from collections.abc import Sequence
from datetime import date

import xlsxwriter

from campaigns.event_lists import FORMULAS
from campaigns.overviews import Cell, Sheet

BOM = "\ufeff"  # by which Excel knows UTF-8
LONGEST_NAME = 31  # characters of a workbook's tab
WIDEST = 60  # characters of a column


def defused(cell: Cell) -> Cell:
    """A text that a spreadsheet would reckon out gets an apostrophe in front: titles are people's own."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell


def as_csv(sheet: Sheet) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(sheet.columns)
    writer.writerows(["" if cell is None else defused(cell) for cell in row] for row in sheet.rows)
    return (BOM + out.getvalue()).encode()


def as_workbook(sheets: Sequence[Sheet], title: str) -> bytes:
    """An .xlsx: a tab a table, with a head that stays, a filter and widths that fit."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": title})
        head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        day, number = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "# ##0"})
        for sheet in sheets:
            tab = book.add_worksheet(sheet.title[:LONGEST_NAME])
            tab.freeze_panes(1, 1)
            tab.write_row(0, 0, sheet.columns, head)
            for y, row in enumerate(sheet.rows, 1):
                for x, cell in enumerate(row):
                    if isinstance(cell, date):
                        tab.write_datetime(y, x, cell, day)
                    elif isinstance(cell, int):
                        tab.write_number(y, x, cell, number)
                    elif cell is not None:
                        tab.write_string(y, x, str(defused(cell)))
            for x, name in enumerate(sheet.columns):
                longest = max([len(name) // 2, *(len(str(row[x] or "")) for row in sheet.rows[:500])], default=8)
                tab.set_column(x, x, min(WIDEST, max(9, longest + 2)))
            tab.autofilter(0, 0, len(sheet.rows), len(sheet.columns) - 1)
    return out.getvalue()
