"""How a chart is written: elements, and the figure around them with its title, its description and its table.

Styles are classes alone, as pages allow no others. What is no Markup is escaped, wherever it stands.
"""

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

NOTHING = Markup("")


def tag(name: str, *content: object, **attributes: object) -> Markup:
    """An element. In the names of attributes `_` is `-`, but for one at the end; what is None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_plain(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(each) for each in content)
    return Markup(f"<{name}{written}>{inner}</{name}>")  # noqa: S704  # all parts are escaped


def many(parts: Iterable[Markup]) -> Markup:
    """One after the other."""
    return NOTHING.join(parts)


def trusted(parts: Iterable[str]) -> Markup:
    """Elements that have been written already, with all that is in them escaped."""
    return Markup("".join(parts))  # noqa: S704  # the caller has escaped all of it


def text(x: float, y: float, words: str, **attributes: object) -> Markup:
    """Words at a place."""
    return tag("text", words, x=x, y=y, **attributes)


def box(x: float, y: float, width: float, height: float, *content: object, **attributes: object) -> Markup:
    """A rectangle."""
    return tag("rect", *content, x=x, y=y, width=width, height=height, **attributes)


def linked(link: str | None, *content: object, **attributes: object) -> Markup:
    """The content, as a link if there is one."""
    return tag("a", *content, href=link, **attributes) if link else many(escape(each) for each in content)


def figure(
    key: str,
    name: str,
    title: str,
    description: str,
    size: tuple[float, float],
    drawing: Markup,
    table: Markup,
    *,
    has_links: bool = False,
    has_caption: bool = True,
    scrolls: bool = False,
) -> Markup:
    """The figure. `key` makes its ids, `name` is its kind. A drawing with links is a group, as images have none."""
    svg = tag(
        "svg",
        tag("title", title, id=f"{key}-title"),
        tag("desc", description, id=f"{key}-desc"),
        drawing,
        viewBox=f"0 0 {_plain(size[0])} {_plain(size[1])}",
        width=size[0],
        role="group" if has_links else "img",
        aria_labelledby=f"{key}-title {key}-desc",
        class_=name,
    )
    if scrolls:
        svg = tag("div", svg, class_="scroll", tabindex="0", role="group", aria_label=title)
    caption = tag("figcaption", title) if has_caption else NOTHING
    return tag("figure", caption, svg, table, class_=f"chart {name}")


def empty(name: str, title: str, words: str, *, has_caption: bool = True) -> Markup:
    """What stands where there is nothing to draw."""
    caption = tag("figcaption", title) if has_caption else NOTHING
    return tag("figure", caption, tag("p", words, class_="empty"), class_=f"chart {name}")


def table_of(title: str, head: Sequence[str], rows: Iterable[Sequence[object]] | Markup) -> Markup:
    """The numbers, for who does not see the drawing: rows of cells, or what `rows_of` has made of them."""
    columns = many(tag("th", each, scope="col") for each in head)
    return tag(
        "table",
        tag("caption", title),
        tag("thead", tag("tr", columns)),
        tag("tbody", rows if isinstance(rows, Markup) else rows_of(rows)),
        class_="visually-hidden",
    )


def rows_of(rows: Iterable[Sequence[object]]) -> Markup:
    """Rows of a table. The first cell of each is its head."""
    return many(tag("tr", tag("th", row[0], scope="row"), many(tag("td", each) for each in row[1:])) for row in rows)


def _plain(value: object) -> object:
    """A number in as few digits as a screen shows."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value
