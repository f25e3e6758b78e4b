"""The page's figures on 200 simulated readings whose truth is known, and against statsmodels."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas
import pytest
import statsmodels.formula.api as smf
from django.utils import timezone
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.weightstats import ttost_paired

from qperfweb.reviews.models import Reading, ReadingFigure, ReadingSegment, ReadingState
from qperfweb.runs.models import AnalysisRun, RunState
from qperfweb.studies.models import Patient, Study

READINGS = 200
SEED = 20261120
BIAS, BETWEEN, WITHIN = 0.06, 0.10, 0.08
"""Truth, ml/min/g: automated minus final; its spread between patients and within."""

MODELS = ("0.2.0", "0.3.0")


def simulated() -> dict[str, np.ndarray]:
    """Final and automated stress and rest flow (readings, 16); rest differs by half as much."""
    rng = np.random.default_rng(SEED)
    patient = rng.normal(0, BETWEEN, (READINGS, 1))
    scatter = rng.normal(0, WITHIN, (READINGS, 16))
    stress = rng.normal(2.4, 0.5, (READINGS, 1)) + rng.normal(0, 0.2, (READINGS, 16))
    rest = rng.normal(0.9, 0.1, (READINGS, 1)) + rng.normal(0, 0.05, (READINGS, 16))
    difference = BIAS + patient + scatter
    return {
        "stress": stress,
        "stress_auto": stress + difference,
        "rest": rest,
        "rest_auto": rest + difference / 2,
    }


@pytest.fixture
def readings(in_site, user_of):
    truth, reader, now = simulated(), user_of("reader", in_site), timezone.now()
    patients = Patient.objects.bulk_create(
        Patient(site=in_site, identity_digest=f"{n:064x}") for n in range(READINGS)
    )
    studies = Study.objects.bulk_create(
        Study(site=in_site, patient=patient, study_instance_uid=f"1.2.{n}", last_received_at=now,
              field_strength_t=1.5 if n % 2 else 3.0, scanner_model="Model A" if n < 50 else "B")
        for n, patient in enumerate(patients)
    )  # fmt: skip
    runs = AnalysisRun.objects.bulk_create(
        AnalysisRun(site=in_site, study=study, purpose="first", state=RunState.SUCCEEDED,
                    input_sha256="0" * 64, parameters_sha256="0" * 64, document={}, progress=1.0,
                    bundle_sha256="0" * 64, finished_at=now, pipeline_version="0.1.0",
                    model_versions={"segmentation": MODELS[n >= 100]})
        for n, study in enumerate(studies)
    )  # fmt: skip
    made = Reading.objects.bulk_create(
        Reading(site=in_site, study=run.study, run=run, reader=reader, revision=1) for run in runs
    )
    ReadingSegment.objects.bulk_create(
        ReadingSegment(site=in_site, reading=reading, condition=condition, segment=s + 1,
                       quantity="mbf", automated_value=truth[f"{condition}_auto"][n, s],
                       final_value=truth[condition][n, s], source="contour")
        for n, reading in enumerate(made) for condition in ("stress", "rest") for s in range(16)
    )  # fmt: skip
    whole = {name: values.mean(axis=1) for name, values in truth.items()}
    whole |= {"mpr": whole["stress"] / whole["rest"]}
    whole |= {"mpr_auto": whole["stress_auto"] / whole["rest_auto"]}
    ReadingFigure.objects.bulk_create(
        ReadingFigure(site=in_site, reading=reading, name=name, segment=0, source="contour",
                      automated_value=whole[f"{name}_auto"][n], final_value=whole[name][n])
        for n, reading in enumerate(made) for name in ("stress", "rest", "mpr")
    )  # fmt: skip
    for n, reading in enumerate(made):
        reading.signed_at, reading.signed_by = now - timedelta(days=READINGS - n), reader
        reading.state = ReadingState.SIGNED
    Reading.objects.bulk_update(made, ["state", "signed_at", "signed_by"])
    return truth


def test_the_page_reproduces_what_was_simulated(readings, client_of, in_site, monkeypatch):
    # The contours of these readings were never drawn; their comparison has tests of its own.
    monkeypatch.setattr("qperfweb.agreement.summary.edited_readings", lambda *_: [])
    auditor = client_of("auditor", in_site)

    def page(**query):
        return auditor.get("/api/agreement/", query).json()

    stress = page()
    found = stress["bland_altman"]
    assert (stress["pairs"], found["patients"]) == (3200, READINGS)
    reach = 1.96 * np.hypot(BETWEEN, WITHIN)
    for name, truth in (
        ("bias", BIAS),
        ("lower_limit", BIAS - reach),
        ("upper_limit", BIAS + reach),
    ):
        # Four standard errors: one 95 % interval in twenty misses its truth, as it should.
        interval = found[name]["high"] - found[name]["low"]
        assert found[name]["value"] == pytest.approx(truth, abs=interval), name
    # Frozen: the same readings show the same figures for ever.
    assert found["bias"]["value"] == pytest.approx(FIGURES["bias"], abs=6e-5)
    assert found["lower_limit"]["value"] == pytest.approx(FIGURES["lower"], abs=6e-5)
    assert found["upper_limit"]["value"] == pytest.approx(FIGURES["upper"], abs=6e-5)
    assert stress["icc"]["value"] == pytest.approx(FIGURES["icc"], abs=6e-5)
    assert stress["cv"] == pytest.approx(FIGURES["cv"], abs=6e-5)
    assert stress["test"]["equivalent"] and stress["test"]["p_difference"] < 1e-6

    rest = page(measure="rest")
    assert rest["bland_altman"]["bias"]["value"] == pytest.approx(FIGURES["bias"] / 2, abs=6e-5)
    ratio = page(measure="mpr", scope="global")
    whole = {name: values.mean(axis=1) for name, values in readings.items()}
    expected = whole["stress_auto"] / whole["rest_auto"] - whole["stress"] / whole["rest"]
    assert ratio["bland_altman"]["bias"]["value"] == pytest.approx(expected.mean())
    assert (ratio["pairs"], ratio["unit"]) == (READINGS, "")

    assert page(segment=4)["pairs"] == READINGS
    assert page(scanner_model="Model A")["studies"] == 50
    assert page(field_strength_t=3.0)["studies"] == 100
    assert page(version="0.1.0, segmentation 0.2.0")["studies"] == 100
    charts = stress["drift"]
    assert [len(chart["points"]) for chart in charts] == [100, 100]
    spread = np.hypot(BETWEEN, WITHIN / 4)
    for chart in charts:
        assert chart["upper"] - chart["centre"] == pytest.approx(3 * spread, rel=0.25)
        assert sum(point["outside"] for point in chart["points"]) <= 3

    long = pandas.DataFrame(
        {
            "difference": (readings["stress_auto"] - readings["stress"]).ravel(),
            "patient": np.repeat(np.arange(READINGS), 16),
        }
    )
    fit = smf.ols("difference ~ 1", long).fit(
        cov_type="cluster", cov_kwds={"groups": long["patient"]}
    )
    low, high = fit.conf_int().loc["Intercept"]
    assert found["bias"]["value"] == pytest.approx(fit.params["Intercept"])
    assert (found["bias"]["low"], found["bias"]["high"]) == pytest.approx((low, high), abs=0.002)
    final, automated = readings["stress"].mean(axis=1), readings["stress_auto"].mean(axis=1)
    p_equivalence = ttost_paired(automated, final, -0.1, 0.1)[0]
    assert stress["test"]["p_equivalence"] == pytest.approx(p_equivalence)
    assert stress["icc"]["value"] == pytest.approx(icc_by_anova(final, automated))


FIGURES = {"bias": 0.0573, "lower": -0.1772, "upper": 0.2917, "icc": 0.9786, "cv": 0.0418}


def icc_by_anova(first, second):
    """ICC(2,1) from the mean squares that statsmodels' analysis of variance gives."""
    n = len(first)
    long = pandas.DataFrame(
        {
            "value": np.concatenate([first, second]),
            "target": np.tile(np.arange(n), 2),
            "rater": np.repeat([0, 1], n),
        }
    )
    # The same sums of squares as with 200 dummies, which would take seconds.
    target = long.groupby("target")["value"].transform("mean") - long["value"].mean()
    long["target_effect"] = target
    table = anova_lm(smf.ols("value ~ target_effect + C(rater)", long).fit())
    rows = table.loc["target_effect", "sum_sq"] / (n - 1)
    columns = table.loc["C(rater)", "sum_sq"]
    error = table.loc["Residual", "sum_sq"] / (n - 1)
    return (rows - error) / (rows + error + 2 * (columns - error) / n)
