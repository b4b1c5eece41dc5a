"""A chart as it was drawn: its shapes by their classes, its words, the cells of its table."""

from xml.etree import ElementTree as Tree

from markupsafe import Markup


class Drawn:
    """What a browser would see. Parsing fails where the figure is not well-formed."""

    def __init__(self, figure: Markup) -> None:
        self.text = str(figure)
        self.figure = Tree.fromstring(self.text)  # noqa: S314  # our own text
        assert self.figure.tag == "figure"
        assert not {"nan", "inf", "style"} & {name for each in self.figure.iter() for name in each.attrib}
        values = [value.lower() for each in self.figure.iter() for value in each.attrib.values()]
        assert not [value for value in values if "nan" in value.split() or "inf" in value.split()]

    def shapes(self, *classes: str) -> list[Tree.Element]:
        """Those that have all of these classes."""
        return [each for each in self.figure.iter() if set(classes) <= set(each.get("class", "").split())]

    def numbers(self, attribute: str, *classes: str) -> list[float]:
        """An attribute of those."""
        return [float(each.get(attribute, "")) for each in self.shapes(*classes)]

    def words(self, *classes: str) -> list[str]:
        """What stands in those."""
        return ["".join(each.itertext()) for each in self.shapes(*classes)]

    def titles(self) -> list[str]:
        """What is said of single shapes."""
        [svg] = self.figure.iter("svg")
        return [each.text or "" for each in svg.iter("title")][1:]

    def links(self) -> list[str]:
        """Where links lead."""
        return [each.get("href", "") for each in self.figure.iter("a")]

    def cells(self) -> list[list[str]]:
        """The table, with its head."""
        return [["".join(cell.itertext()) for cell in row] for row in self.figure.iter("tr")]

    @property
    def size(self) -> list[float]:
        """Width and height of the drawing."""
        [svg] = self.figure.iter("svg")
        return [float(each) for each in svg.get("viewBox", "").split()][2:]

    @property
    def description(self) -> str:
        """What there is to see."""
        return next(each.text or "" for each in self.figure.iter("desc"))
