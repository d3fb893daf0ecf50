"""What is checked of every answer besides what schemathesis checks itself: that no right is got round."""

import os

import schemathesis

RIGHTS = set(os.environ["RIGHTS"].split(","))


@schemathesis.check
def no_way_round_a_right(context, response, case):
    """Whoever lacks the right that an operation names gets nothing by it; and who has it is not refused for it."""
    needed = case.operation.definition.raw.get("x-right")
    if needed is None:
        return
    if needed not in RIGHTS and response.status_code < 400:
        raise AssertionError(f"{response.status_code} without the right {needed!r}, having {sorted(RIGHTS)}")
    if needed in RIGHTS and response.status_code == 403 and "right" in response.text and '"csrf"' not in response.text:
        raise AssertionError(f"refused although the right {needed!r} is there: {response.text[:200]}")
