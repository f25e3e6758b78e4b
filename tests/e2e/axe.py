"""What axe-core finds wrong with a page, one line per rule and element."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.e2e.conftest import ROOT

AXE = ROOT / "frontend/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

FINISHED = """() => Promise.all(document.getAnimations()
  .filter((one) => one.effect.getComputedTiming().iterations !== Infinity)
  .map((one) => one.finished.catch(() => null)))"""


def violations(page: Page) -> list[str]:
    """Rules of WCAG 2.2 AA and good practice that the page breaks, with where it does."""
    # A button on its way from one colour to another has neither.
    page.evaluate(FINISHED)
    # Evaluated, not added as a tag: the page's content policy would refuse that, and rightly.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
