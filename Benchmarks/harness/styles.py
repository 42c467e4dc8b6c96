"""How each peer looks in a plot.

The colours are those of Okabe and Ito (Color Universal Design, 2008), which people with any kind of colour vision can tell apart; marks
and dashes differ besides. Patchbay's line is the thick one.
"""

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE, GREY = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#0072B2", "#D55E00", "#CC79A7", "#888888"
)

# Label, colour, mark, dashes. What is drawn later lies above.
STYLES = {
    "c-batched": ("raw C, batched", GREY, "P", "--"),
    "epoll-noframing": ("epoll in C, no framing", GREY, "v", ":"),
    "epoll": ("epoll in C", GREY, "d", "-."),
    "c": ("raw C", BLACK, "o", "-"),
    "cpython": ("CPython", ORANGE, "s", "-"),
    "asyncio": ("asyncio streams", ORANGE, "X", "--"),
    "zmq": ("libzmq", BLUE, "^", "-"),
    "nng": ("nng", GREEN, "v", "-"),
    "nanomsg": ("nanomsg", SKY, "<", "-"),
    "nio": ("SwiftNIO, handlers", PURPLE, "D", "-"),
    "nio-async": ("NIOAsyncChannel", PURPLE, ">", "--"),
    "patchbay-global": ("Patchbay, outside the reactor", VERMILION, "x", "--"),
    "patchbay": ("Patchbay", VERMILION, "*", "-"),
}

# The legend's order: Patchbay first.
LABELS = {peer: STYLES[peer][0] for peer in ("patchbay", *(peer for peer in STYLES if peer != "patchbay"))}


def style(peer):
    _, colour, mark, dashes = STYLES[peer]
    ours = peer == "patchbay"
    return {
        "color": colour, "marker": mark, "linestyle": dashes, "linewidth": 3 if ours else 1.5, "markersize": 11 if ours else 6,
        "zorder": 5 if ours else 2,
    }
