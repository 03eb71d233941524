"""The document as Word's file: real headings, tables whose first row comes again on each page."""

from io import BytesIO
from typing import Any

from docx import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from throughcare.cli.protocol.text import Document, Grid, Heading, Paragraph, Rule, Space

#: Present wherever Word or LibreOffice is, with Cyrillic and the letters of the five languages.
_FONT = "Times New Roman"
_WIDTH_CM = 17.0


def render(document: Document) -> bytes:
    word = Word()
    _page(word, document)
    for text, size in ((document.title, 18), (document.subtitle, 12)):
        line = word.add_paragraph()
        line.alignment = WD_ALIGN_PARAGRAPH.CENTER
        run = line.add_run(text)
        run.bold = size == 18
        run.font.size = Pt(size)
    for text in document.lines:
        word.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.CENTER
    for block in document.blocks:
        match block:
            case Heading(text, level):
                word.add_heading(text, level)
            case Rule(number, text):
                line = word.add_paragraph(f"{number}. {text}")
                line.paragraph_format.left_indent = Cm(0.9)
                line.paragraph_format.first_line_indent = Cm(-0.9)
            case Paragraph(text):
                word.add_paragraph(text)
            case Grid():
                _grid(word, block)
            case Space(lines):
                for _ in range(lines):
                    word.add_paragraph("_" * 84)
    made = BytesIO()
    word.save(made)
    return made.getvalue()


def _page(word: Any, document: Document) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin, section.right_margin = Cm(2.5), Cm(1.5)
    section.top_margin = section.bottom_margin = Cm(2)
    for name in ("Normal", "Heading 1", "Heading 2"):
        style = word.styles[name]
        style.font.name = _FONT
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for script in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(script), _FONT)
        for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:cstheme", "w:eastAsiaTheme"):
            fonts.attrib.pop(qn(theme), None)
    word.styles["Normal"].font.size = Pt(11)
    word.styles["Normal"].paragraph_format.space_after = Pt(4)
    word.core_properties.title = document.title
    word.core_properties.language = document.language
    word.core_properties.author = "Throughcare"
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.add_run(f"{document.page} ")
    _field(foot.add_run(), "PAGE")


def _field(run: Any, code: str) -> None:
    """A field that Word fills in: python-docx has none of its own."""
    for kind, text in (("begin", None), (None, code), ("end", None)):
        if kind is None:
            part = OxmlElement("w:instrText")
            part.text = text
        else:
            part = OxmlElement("w:fldChar")
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)


def _grid(word: Any, grid: Grid) -> None:
    made = word.add_table(rows=1, cols=len(grid.columns))
    made.style = "Table Grid"
    made.autofit = False
    for cell, text in zip(made.rows[0].cells, grid.columns, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    repeated = OxmlElement("w:tblHeader")
    made.rows[0]._tr.get_or_add_trPr().append(repeated)
    for row in grid.rows:
        for cell, text in zip(made.add_row().cells, row, strict=True):
            cell.text = text
    for row in made.rows:
        whole = OxmlElement("w:cantSplit")
        row._tr.get_or_add_trPr().append(whole)
        for cell, share in zip(row.cells, grid.widths, strict=True):
            cell.width = Cm(_WIDTH_CM * share)
            for line in cell.paragraphs:
                line.paragraph_format.space_after = Pt(1)
                for run in line.runs:
                    run.font.size = Pt(9.5)
    word.add_paragraph()
