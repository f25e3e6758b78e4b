"""Series become injections, slices and roles, from their headers alone, in every vendor's style."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from pydicom.dataset import Dataset

from analysis.dicom import SeriesOverride, StudyClassification, classify, header_facts
from analysis.dicom.vendors import rules_from_json
from analysis.errors import BadInput

from . import make


def classified(objects: Iterable[Dataset], **options: object) -> StudyClassification:
    return classify([header_facts(ds) for ds in objects], **options)


def reason_of(result: StudyClassification, series: str) -> str:
    return next(
        s.reason for s in result.series if s.series_instance_uid == make.uid(make.STUDY, series)
    )


def codes(result: StudyClassification) -> set[str]:
    return {f.code for f in result.flags} | {f.code for a in result.acquisitions for f in a.flags}


@pytest.fixture(scope="module")
def dual() -> StudyClassification:
    return classified(
        make.dual_sequence("stress", start_s=36_000, step_s=0.65)
        + make.dual_sequence("rest", start_s=38_000, step_s=0.95)
    )


class TestDualSequence:
    def test_each_injection_has_three_slices_and_arterial_input(
        self, dual: StudyClassification
    ) -> None:
        assert [a.condition for a in dual.acquisitions] == ["stress", "rest"]
        for plan in dual.acquisitions:
            assert plan.sequence == "dual"
            assert [s.position for s in plan.slices] == ["basal", "mid", "apical"]
            assert all(s.role == "sr" and len(s.frames) == 20 for s in plan.slices)
            assert all(
                [f.role for f in s.frames[:4]] == ["pd", "pd", "pd", "sr"] for s in plan.slices
            )
            assert plan.aif is not None
            assert [f.echo for f in plan.aif.frames] == [0] * 20 + [1] * 20

    def test_times_count_from_the_first_sr_arterial_input_frame(
        self, dual: StudyClassification
    ) -> None:
        plan = dual.acquisitions[0]
        assert plan.aif is not None
        assert plan.aif.frames[3].time_s == 0
        assert plan.slices[2].frames[3].time_s == pytest.approx(0.39)
        assert plan.slices[0].frames[0].time_s == pytest.approx(-3 * 0.65 + 0.15)

    def test_heart_rates_come_from_the_time_axis(self, dual: StudyClassification) -> None:
        assert [a.heart_rate_bpm for a in dual.acquisitions] == pytest.approx([92.3, 63.2])

    def test_the_order_of_injections_is_recorded(self, dual: StudyClassification) -> None:
        assert codes(dual) == {"injection-order"}


def test_arterial_input_is_found_by_matrix_and_echo_pair_without_a_name() -> None:
    objects = make.dual_sequence("stress", start_s=36_000)
    for ds in objects:
        ds.SeriesDescription = ds.SeriesDescription.replace("_AIF", "")
    result = classified(objects)
    assert [a.sequence for a in result.acquisitions] == ["dual"]
    assert any("pair of echoes" in e for s in result.series for e in s.evidence)


def test_arterial_input_images_may_be_called_proton_density_as_well() -> None:
    objects = make.dual_sequence("stress", start_s=36_000)
    for ds in objects:
        first = (ds.InstanceNumber - 1) % 100 < 3
        ds.ImageComments = "PD" if first else "SR"
        ds.InversionTime = 84.5
    (plan,) = classified(objects).acquisitions
    assert plan.aif is not None
    assert [f.role for f in plan.aif.frames[:4]] == ["pd", "pd", "pd", "aif"]


def test_two_labels_that_contradict_the_heart_rates_ask_whether_they_are_swapped() -> None:
    result = classified(
        make.first_pass("perf stress", start_s=36_000, step_s=0.95)
        + make.first_pass("perf rest", start_s=37_000, step_s=0.65)
    )
    assert "conditions-swapped" in codes(result)


def test_order_alone_never_says_stress_or_rest() -> None:
    result = classified(
        make.first_pass("perf A", start_s=36_000, step_s=0.9)
        + make.first_pass("perf B", start_s=37_000, step_s=0.65)
    )
    assert [a.condition for a in result.acquisitions] == ["unknown", "unknown"]
    (flag,) = [f for f in result.flags if f.code == "condition-unknown"]
    assert "later one beats faster" in flag.message


def test_a_series_without_the_word_joins_the_injection_that_it_was_acquired_with() -> None:
    result = classified(
        make.first_pass("perf stress base", position=0)
        + make.first_pass("perf mid", position=1, start_s=36_000.2)
    )
    (plan,) = result.acquisitions
    assert plan.condition == "stress"
    assert [s.position for s in plan.slices] == ["basal", "mid"]


def test_conditions_and_roles_set_by_hand_win() -> None:
    objects = make.first_pass("perf A") + make.first_pass("other", position=1, start_s=39_000)
    by_hand = {
        make.uid(make.STUDY, "perf A"): SeriesOverride(condition="rest", position="apical"),
        make.uid(make.STUDY, "other"): SeriesOverride(excluded=True),
    }
    result = classified(objects, overrides=by_hand)
    (plan,) = result.acquisitions
    assert (plan.condition, plan.slices[0].position) == ("rest", "apical")
    assert reason_of(result, "other") == "left out by hand"
    assert result.series[0].corrected


def test_positions_of_a_series_of_several_slices_can_be_set_by_hand() -> None:
    objects = [make.enhanced("perf rest", slices=4)]
    by_hand = {make.uid(make.STUDY, "perf rest"): SeriesOverride(positions=("", "basal", "apical"))}
    (plan,) = classified(objects).acquisitions
    assert [s.position for s in plan.slices] == ["basal", "mid", "apical"]
    (plan,) = classified(objects, overrides=by_hand).acquisitions
    assert [s.position for s in plan.slices] == ["basal", "apical"]
    assert plan.slices[0].frames[0].frame == 1


@pytest.mark.parametrize("flipped", [False, True])
def test_slices_run_from_base_to_apex_whatever_the_order_of_series_and_the_normal(
    flipped: bool,
) -> None:
    turn = make.SHORT_AXIS[3:] + make.SHORT_AXIS[:3] if flipped else make.SHORT_AXIS
    objects = [
        ds
        for number, position in enumerate((2, 0, 1))
        for ds in make.first_pass(
            f"perf rest {number}",
            position=position,
            SeriesNumber=number,
            ImageOrientationPatient=turn,
            pixels=np.eye(16, dtype=np.uint16),
        )
    ]
    (plan,) = classified(objects).acquisitions
    assert [s.series_instance_uid for s in plan.slices] == [
        make.uid(make.STUDY, f"perf rest {n}") for n in (1, 2, 0)
    ]


def test_names_decide_the_order_where_planes_are_missing() -> None:
    objects = [
        ds
        for name in ("apex", "base", "mid")
        for ds in make.first_pass(f"perf rest {name}", ImageOrientationPatient=None)
    ]
    for ds in objects:
        del ds.ImagePositionPatient
    (plan,) = classified(objects).acquisitions
    assert [s.position for s in plan.slices] == ["basal", "mid", "apical"]
    assert plan.slices[0].series_instance_uid == make.uid(make.STUDY, "perf rest base")


def test_one_slice_may_be_spread_over_a_series_per_frame() -> None:
    objects = [
        make.image(
            series=f"perf rest {i}",
            number=1,
            SeriesDescription="perf rest",
            SeriesNumber=i + 1,
            AcquisitionDate="20260102",
            AcquisitionTime=make.clock_text(36_000 + 0.9 * i),
        )
        for i in range(20)
    ]
    (plan,) = classified(reversed(objects)).acquisitions
    (stack,) = plan.slices
    assert len(stack.series_instance_uids) == 20
    assert [f.time_s for f in stack.frames] == pytest.approx(0.9 * np.arange(20))


def test_one_series_may_hold_several_slices() -> None:
    objects = [
        make.image(
            series="perf rest",
            number=3 * i + s + 1,
            AcquisitionDate="20260102",
            AcquisitionTime=make.clock_text(36_000 + 0.9 * i + 0.2 * s),
            ImagePositionPatient=make.slice_position(s),
        )
        for i in range(20)
        for s in range(3)
    ]
    (plan,) = classified(objects).acquisitions
    assert [len(s.frames) for s in plan.slices] == [20, 20, 20]


def test_proton_density_frames_in_a_series_of_their_own_join_their_slice() -> None:
    objects = make.first_pass(
        "perf stress PD", frames=3, SeriesNumber=5, FlipAngle=5.0
    ) + make.first_pass("perf stress", start_s=36_002.4, SeriesNumber=6, FlipAngle=50.0)
    (plan,) = classified(objects).acquisitions
    (stack,) = plan.slices
    assert [f.role for f in stack.frames].count("pd") == 3
    assert stack.frames[3].time_s == 0


def test_a_motion_corrected_copy_is_left_out_with_its_reason() -> None:
    result = classified(
        make.first_pass("perf rest_MOCO", SeriesNumber=3, ImageType=["DERIVED", "PRIMARY", "M"])
        + make.first_pass("perf rest", SeriesNumber=4)
    )
    (plan,) = result.acquisitions
    assert plan.slices[0].series_instance_uid == make.uid(make.STUDY, "perf rest")
    assert reason_of(result, "perf rest_MOCO").startswith("a copy")


def test_series_that_are_no_first_pass_are_named_with_a_reason() -> None:
    cine = [
        make.image(series="cine_SAX", number=i, TriggerTime=30.0 * i, AcquisitionTime="100000")
        for i in range(25)
    ]
    result = classified(
        [
            *cine,
            *make.first_pass("LGE", frames=3),
            *make.first_pass("perf phase", ImageType=["ORIGINAL", "PRIMARY", "P"]),
            *make.first_pass("perf mosaic", ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]),
        ]
    )
    assert result.acquisitions == ()
    assert "'cine'" in reason_of(result, "cine_SAX")
    assert "'lge'" in reason_of(result, "LGE")
    assert "phase" in reason_of(result, "perf phase")
    assert "mosaic" in reason_of(result, "perf mosaic")


def test_frames_sent_twice_are_marked_and_lost_ones_are_noticed() -> None:
    objects = make.first_pass("perf rest")
    again = objects[5].copy()
    again.SOPInstanceUID = make.uid("again")
    del objects[10]
    (plan,) = classified([*objects, again]).acquisitions
    (stack,) = plan.slices
    assert [f.status for f in stack.frames].count(3) == 1
    assert {f.code for f in stack.flags} >= {"frames-twice"}
    (plan,) = classified(objects).acquisitions
    assert {f.code for f in plan.slices[0].flags} == {"frames-missing", "missed-triggers"}


def test_numbers_that_contradict_the_clock_are_not_followed() -> None:
    objects = make.first_pass("perf rest")
    numbers = np.random.default_rng(1).permutation(20) + 1
    for ds, number in zip(objects, numbers, strict=True):
        ds.InstanceNumber = int(number)
    (plan,) = classified(objects).acquisitions
    assert np.diff([f.time_s for f in plan.slices[0].frames]) == pytest.approx(0.8)
    assert "order-from-clock" in {f.code for f in plan.slices[0].flags}


class TestVendors:
    def test_enhanced_with_one_file_per_time_point(self) -> None:
        objects = [
            make.enhanced(
                "perf rest", frames=1, slices=3, start_s=36_000 + 0.9 * i, number=i + 1,
                first_index=i + 1,
            )
            for i in range(15)
        ]  # fmt: skip
        (plan,) = classified(objects).acquisitions
        assert [len(s.frames) for s in plan.slices] == [15, 15, 15]
        assert plan.slices[1].frames[2].time_s == pytest.approx(1.9)
        assert plan.slices[0].clock == "frame-datetime"

    def test_philips_frames_are_ordered_by_temporal_position_identifier(self) -> None:
        objects = make.first_pass("perf rest", Manufacturer="Philips")
        for i, ds in enumerate(objects):
            ds.TemporalPositionIdentifier = i + 1
            ds.InstanceNumber = 20 - i
        (plan,) = classified(objects).acquisitions
        assert plan.slices[0].frames[0].sop_instance_uid == objects[0].SOPInstanceUID
        assert plan.slices[0].flags == ()

    def test_the_clock_of_ge_is_the_cumulative_trigger_time(self) -> None:
        objects = make.first_pass("First Pass", step_s=0.0, Manufacturer="GE MEDICAL SYSTEMS")
        for i, ds in enumerate(objects):
            ds.TriggerTime = 700.0 * (i + 1)
        (plan,) = classified(objects).acquisitions
        assert plan.slices[0].clock == "trigger-time"
        assert plan.slices[0].frames[-1].time_s == pytest.approx(0.7 * 19)

    @pytest.mark.parametrize("field", ["SeriesDescription", "ImageComments"])
    def test_gadgetron_concentrations_and_maps_enter_at_their_stage(self, field: str) -> None:
        def named(series: str, token: str, **more: object) -> list[Dataset]:
            text = f"stress perf {token}"
            return make.first_pass(
                series, **{"SeriesDescription": "stress perf", field: text}, **more
            )

        gd = named("gd", "Perf_Gd_Concentration")
        aif = named("aif", "AIF_Gd_Concentration", pixels=np.eye(8, dtype=np.uint16))
        flow = named("flow", "Flow_Map_SLC0", frames=1)
        volumes = named("vb", "Vascular_Volume_Map", frames=1)
        result = classified(gd + aif + flow + volumes)
        (plan,) = result.acquisitions
        assert plan.sequence == "gd"
        assert plan.slices[0].scale == 0.01
        assert plan.aif is not None and plan.aif.role == "aif_gd"
        assert "other than blood flow" in reason_of(result, "vb")
        (plan,) = classified(flow).acquisitions
        assert (plan.sequence, len(plan.slices[0].frames)) == ("map", 1)

    def test_originals_come_before_what_was_computed_from_them(self) -> None:
        derived = make.first_pass("stress Perf_Gd_Concentration", start_s=36_000.001)
        result = classified(make.first_pass("stress perf") + derived)
        (plan,) = result.acquisitions
        assert plan.sequence == "single"
        assert "original" in reason_of(result, "stress Perf_Gd_Concentration")

    def test_a_site_adds_a_rule_of_its_own(self) -> None:
        objects = make.first_pass("perf rest QMAP", frames=1)
        rule = {"name": "ours", "role": "map", "pattern": "QMAP", "scale": 0.001}
        assert classified(objects).acquisitions == ()
        (plan,) = classified(objects, rules=rules_from_json([rule])).acquisitions
        assert (plan.sequence, plan.slices[0].scale) == ("map", 0.001)

    @pytest.mark.parametrize(
        "rule",
        [
            {"name": "x", "role": "soup", "pattern": "a"},
            {"name": "x", "role": "map", "pattern": "("},
            {"role": "map", "colour": "red"},
        ],
    )
    def test_a_rule_that_is_not_valid_is_refused(self, rule: dict[str, str]) -> None:
        with pytest.raises(BadInput):
            rules_from_json([rule])


def test_nothing_at_all_is_an_empty_classification() -> None:
    result = classify([])
    assert result.acquisitions == result.series == ()


@pytest.mark.parametrize("value", [{"role": "soup"}, {"positions": ["top"]}, {"condition": 1}])
def test_an_override_with_an_unknown_value_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        SeriesOverride.from_json(value)


@pytest.mark.parametrize(
    "value",
    [
        3.5, "rest", [1], {"position": ["mid"]}, {"positions": 0.5}, {"positions": [["mid"]]},
        {"excluded": "yes"}, {"condition": {}}, {"role": 1},
    ],
)  # fmt: skip
def test_a_correction_that_makes_no_sense_is_refused_in_words(value):
    with pytest.raises(BadInput):
        SeriesOverride.from_json(value)
