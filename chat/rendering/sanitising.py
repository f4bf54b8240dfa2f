"""What may leave the renderer. Anything else is dropped, also if a rule of ours or a library made it by mistake."""

import nh3

FORMULA = {
    "math": {"display"},
    "menclose": {"notation"},
    "mfrac": {"linethickness"},
    "mi": {"mathvariant"},
    "mn": set(),
    "mo": {
        "accent", "fence", "form", "lspace", "maxsize", "minsize", "movablelimits", "rspace", "separator", "stretchy"
    },
    "mover": {"accent"},
    "mpadded": {"width", "height", "depth", "lspace", "voffset"},
    "mphantom": set(),
    "mroot": set(),
    "mrow": set(),
    "mspace": {"width", "height", "depth", "linebreak"},
    "msqrt": set(),
    "mstyle": {"displaystyle", "scriptlevel"},
    "msub": set(),
    "msubsup": set(),
    "msup": set(),
    "mtable": {"displaystyle"},
    "mtd": {"class"},
    "mtext": set(),
    "mtr": set(),
    "munder": {"accentunder"},
    "munderover": set(),
}  # fmt: skip
TEXT = {
    "a", "blockquote", "br", "code", "del", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p",
    "pre", "s", "span", "strong", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
TAGS = TEXT | FORMULA.keys()
ATTRIBUTES = FORMULA | {
    "a": {"href", "title", "class", "id", "aria-label"},
    "code": {"class"},
    "div": {"class", "id", "tabindex", "role", "aria-label"},
    "li": {"class"},
    "ol": {"start"},
    "pre": {"tabindex", "role", "aria-label"},
    "span": {"class", "role", "tabindex", "aria-label", "title"},
    "td": {"class"},
    "th": {"class"},
}


_cleaner = nh3.Cleaner(
    tags=TAGS,
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)


def sanitise(html: str) -> str:
    return _cleaner.clean(html)
