"""What the evaluation prints: a table to read, the same as Markdown, the curves, and the figures as JSON."""

from score import SOUND_KINDS, STRENGTHS, typical


def table(tallies):
    """The lines of a table that is also Markdown."""
    head = ["kind", "n", "found", "missed", "false", "hours", "false/h", "recall", "dated median / p95 / worst s", "told late median / p95 / worst s"]
    rows = [[tally.kind, tally.n, tally.found, tally.n - tally.found, tally.false, f"{tally.hours:.1f}", _number(tally.false_per_hour),
             _number(tally.recall), _sizes(tally.onset_errors_s), _sizes(tally.delays_s)] for tally in tallies]
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in [head, *rows]]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def curve_lines(kind, points, default):
    """A curve as two rows of a table; the default threshold is marked."""
    over = {"raised-voices": "over_baseline_db"}.get(kind, "min_score") if kind in STRENGTHS else "hold, s"
    marked = [f"*{value:g}*" if value == default else f"{value:g}" for value, _, _ in points]
    rows = [[f"{kind} ({over})", *marked], ["recall", *(_number(recall) for _, recall, _ in points)],
            ["false/h", *(_number(rate) for _, _, rate in points)]]
    return ["  ".join(cell.ljust(32 if column == 0 else 6) for column, cell in enumerate(row)) for row in rows]


def figures(tallies, hours):
    """The figures of the JSON line: `hours` has the hours without any incident for each modality."""
    known = [tally for tally in tallies if tally.n]
    out = {"recall_min": _rounded(min((tally.recall for tally in known), default=None)),
           "false_per_hour_max": _rounded(max((tally.false_per_hour for tally in tallies if tally.hours), default=None)),
           "hours_negative": round(sum(hours.values()), 2)}
    out |= {f"hours_negative_{modality}": round(value, 2) for modality, value in hours.items()}
    for tally in tallies:
        name = tally.kind.replace("-", "_")
        out |= {f"recall_{name}": _rounded(tally.recall), f"false_per_hour_{name}": _rounded(tally.false_per_hour), f"n_{name}": tally.n}
        for what, sizes_s in (("onset_error", typical(tally.onset_errors_s)), ("flag_late", typical(tally.delays_s))):
            out |= {f"{what}_{which}_s_{name}": size_s for which, size_s in zip(("median", "p95", "worst"), sizes_s)}
    return out


def wrongs(tallies):
    """Where something was missed, misdated or flagged falsely, so that it can be replayed."""
    lines = []
    for tally in tallies:
        lines += [f"dated  {tally.kind}: {name} at {label['start_s']:.1f} s, {error_s:+.1f} s off" for name, label, error_s in tally.misdated_in]
        lines += [f"missed {tally.kind}: {name} at {label['start_s']:.1f} s" for name, label in tally.missed_in]
        lines += [f"false  {tally.kind}: {name} at {flag['start_s']:.1f} s, peak {flag.get('peak')}" for name, flag in tally.false_in]
    return lines


def modality(kind):
    """"sound" or "picture"."""
    return "sound" if kind in SOUND_KINDS else "picture"


def _sizes(errors_s):
    sizes_s = typical(errors_s)
    return "-" if None in sizes_s else " / ".join(f"{size_s:.1f}" for size_s in sizes_s)


def _number(value):
    return "-" if value is None else f"{value:.2f}"


def _rounded(value):
    return None if value is None else round(value, 3)
