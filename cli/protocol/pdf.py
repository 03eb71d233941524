"""The document as PDF, with its letters in it: no font or library of the system is needed."""

from functools import cache
from html import escape
from io import BytesIO
from typing import Any

import fontpkg_pt_sans
from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import cm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import CondPageBreak, SimpleDocTemplate, Spacer, Table, TableStyle
from reportlab.platypus import Paragraph as Text

from throughcare.cli.protocol.text import Block, Document, Grid, Heading, Paragraph, Rule, Space

_LEFT, _RIGHT, _EDGE = 2.5 * cm, 1.5 * cm, 2 * cm
_WIDTH = A4[0] - _LEFT - _RIGHT
_GREY = colors.HexColor("#8a8a8a")


def render(document: Document) -> bytes:
    styles = _styles()
    story: list[Any] = [
        Text(escape(document.title), styles["title"]),
        Text(escape(document.subtitle), styles["centred"]),
        *(Text(escape(line), styles["centred"]) for line in document.lines),
    ]
    for block in document.blocks:
        story += _flowables(block, styles)
    made = BytesIO()
    template = SimpleDocTemplate(
        made,
        pagesize=A4,
        leftMargin=_LEFT,
        rightMargin=_RIGHT,
        topMargin=_EDGE,
        bottomMargin=_EDGE,
        title=document.title,
        author="Throughcare",
        lang=document.language,
    )

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont("PTSans", 9)
        canvas.drawCentredString(A4[0] / 2, 1.1 * cm, f"{document.page} {page.page}")

    template.build(story, onFirstPage=foot, onLaterPages=foot)
    return made.getvalue()


def _flowables(block: Block, styles: dict[str, ParagraphStyle]) -> list[Any]:
    match block:
        case Heading(text, level):
            # Room for the heading and the first rows; a long table may begin on the same page.
            return [CondPageBreak(3.5 * cm), Text(escape(text), styles[f"heading{level}"])]
        case Rule(number, text):
            return [Text(f"{number}. {escape(text)}", styles["rule"])]
        case Paragraph(text):
            return [Text(escape(text), styles["text"])]
        case Space(lines):
            line = Table([[""]] * lines, colWidths=[_WIDTH], rowHeights=[0.8 * cm] * lines)
            line.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, _GREY)]))
            return [line]
        case Grid():
            return [_grid(block, styles), Spacer(0, 0.3 * cm)]


def _grid(grid: Grid, styles: dict[str, ParagraphStyle]) -> Table:
    rows = [[Text(escape(text), styles["head"]) for text in grid.columns]]
    rows += [[Text(escape(text), styles["cell"]) for text in row] for row in grid.rows]
    made = Table(rows, colWidths=[_WIDTH * share for share in grid.widths], repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, _GREY),
                ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#ececec")),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return made


@cache
def _styles() -> dict[str, ParagraphStyle]:
    folder = fontpkg_pt_sans.ROOT / "files"
    pdfmetrics.registerFont(TTFont("PTSans", str(folder / "PT_Sans-Web-Regular.ttf")))
    pdfmetrics.registerFont(TTFont("PTSansBold", str(folder / "PT_Sans-Web-Bold.ttf")))
    text = ParagraphStyle("text", fontName="PTSans", fontSize=10.5, leading=13.5, spaceAfter=4)

    def like(name: str, **more: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=text, **more)

    return {
        "text": text,
        "title": like("title", fontName="PTSansBold", fontSize=17, leading=21, alignment=TA_CENTER),
        "centred": like("centred", alignment=TA_CENTER),
        "heading1": like(
            "heading1", fontName="PTSansBold", fontSize=13, leading=16, spaceBefore=10
        ),
        "heading2": like("heading2", fontName="PTSansBold", spaceBefore=6),
        "rule": like("rule", leftIndent=0.9 * cm, firstLineIndent=-0.9 * cm),
        "head": like("head", fontName="PTSansBold", fontSize=9, leading=11, spaceAfter=0),
        "cell": like("cell", fontSize=9, leading=11, spaceAfter=0),
    }
