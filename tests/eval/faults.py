"""What befalls cameras: covered, blurred, moved, frozen. Each is a chain of ffmpeg's filters that works within a span of time.

They see the whole place (768x576), before the camera's view is cut out of it; only a freeze comes last, because
it freezes the noise too.
"""

from people import HEIGHT, WIDTH

FADE_S = 0.8
# A cover is that much wider on either side, so that it can sway.
SPARE = 8


def covered(rng, start_s, end_s, how):
    """A hand, a cloth, paint, or something black before the lens. It comes in from one side, and leaves there."""
    red, green, blue, opaque = _COVERS[how](rng)
    wide, name = WIDTH + 2 * SPARE, f"{int(start_s)}"
    shown = f"min(1,min((t-{start_s:.3f})/{FADE_S},({end_s:.3f}-t)/{FADE_S}))"
    # One picture, which overlay repeats.
    cover = f"nullsrc=s={wide}x{HEIGHT}:r=1:d=1,format=gbrap,geq=r='{red}':g='{green}':b='{blue}':a='255*({opaque})'"
    return (f"null[under{name}];{cover}[cover{name}];[under{name}][cover{name}]"
            f"overlay=format=gbrp:x='{-wide + SPARE}+{WIDTH}*{shown}+1.5*sin(1.3*t)':enable='between(t,{start_s:.3f},{end_s:.3f})'")


def _hand(rng):
    red, green, blue = [(150, 95, 70), (115, 70, 50), (50, 30, 25)][int(rng.integers(3))]
    shade = f"(0.75+0.35*{_cloudy(rng, 120)})"
    return f"{red}*{shade}", f"{green}*{shade}", f"{blue}*{shade}", "0.985"


def _cloth(rng):
    weave = f"(1+0.03*sin(X/2.1)*sin(Y/2.3))*(0.7+0.4*{_cloudy(rng, 150)})"
    return (*(f"{colour:.0f}*{weave}" for colour in rng.uniform(30, 200, 3)), "0.99")


def _paint(rng):
    colour = [(240, 240, 240), (20, 20, 20), (180, 40, 40)][int(rng.integers(3))]
    return (*map(str, colour), f"clip(0.95+0.3*{_cloudy(rng, 65)},0,0.98)")


def _black(_rng):
    return "4", "4", "4", "1"


_COVERS = {"hand": _hand, "cloth": _cloth, "paint": _paint, "black": _black}
COVERS = tuple(_COVERS)


def blurred(rng, start_s, end_s):
    """Out of focus, by dirt, a knock, or breath on the glass."""
    return f"gblur=sigma={rng.uniform(4, 7.5):.2f}:enable='between(t,{start_s:.3f},{end_s:.3f})'"


def moved(rng, start_s, how, fps):
    """The camera is pushed aside, turned in its mount, or looks elsewhere. It has a wider view: nothing is black at the edges."""
    if how == "aside":
        dx, dy, turn, zoom = rng.choice([-1, 1]) * rng.uniform(70, 100), rng.uniform(-50, 50), 0.0, 1.0
    elif how == "turned":
        dx, dy, turn, zoom = rng.uniform(-30, 30), rng.uniform(-14, 14), rng.choice([-1, 1]) * rng.uniform(6, 14), 1.0
    else:
        dx, dy, turn, zoom = rng.choice([-1, 1]) * rng.uniform(60, 110), rng.uniform(-70, 0), rng.uniform(-4, 4), rng.uniform(0.55, 0.7)
    seen = 0.72
    turned = f"rotate=a='if(gte(t,{start_s:.3f}),{turn:.2f}*PI/180,0)'"
    cut = (f"zoompan=d=1:s={WIDTH}x{HEIGHT}:fps={fps}:z='if(gte(it,{start_s:.3f}),{1 / (seen * zoom):.4f},{1 / seen:.4f})'"
           f":x='iw/2-iw/zoom/2+if(gte(it,{start_s:.3f}),{dx:.1f},0)':y='ih/2-ih/zoom/2+if(gte(it,{start_s:.3f}),{dy:.1f},0)'")
    return f"{turned},{cut}"


def frozen(spans, fps):
    """The last picture before each span, again and again until it ends."""
    within = "+".join(f"between(t,{start_s:.3f},{end_s:.3f})" for start_s, end_s in spans)
    return f"select='not({within})',fps={fps}"


def _cloudy(rng, size):
    """Soft relief of about -0.5 to 0.5 as an expression of X and Y: two waves across each other, and two half as wide."""
    a, b, c, d = rng.uniform(0, 6.28, 4)
    wide, high = rng.uniform(0.8, 1.2, 2) * size / 3.14
    return (f"(0.35*sin(X/{wide:.1f}+{a:.2f}+Y/{3 * high:.1f})*sin(Y/{high:.1f}+{b:.2f})"
            f"+0.15*sin(X/{wide / 2:.1f}+{c:.2f})*sin(Y/{high / 2:.1f}+{d:.2f}-X/{2 * wide:.1f}))")
