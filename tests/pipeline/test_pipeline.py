import json
from dataclasses import replace

import numpy as np
import pytest

from analysis import pipeline
from analysis.config import PipelineConfig
from analysis.domain import Exam
from analysis.errors import Cancelled, NothingToAnalyse
from analysis.pipeline import analyse
from analysis.quality import FrameStatus
from analysis.sectors import (
    MeasureOptions,
    contours_from_json,
    geometry_from_json,
    maps_from_arrays,
    measure_slice,
    measurement_to_json,
)

ARRAYS = {
    "time_s", "is_pd", "frame_status", "signal", "corrected", "displacement_px", "gd_mmol_per_l",
    "gd_fit", "mbf", "mbf_se", "delay_s", "quality", "labels", "segments", "probabilities",
    "myocardium_probability", "uncertainty", "rv_insertion_rc", "pixel_spacing_mm",
    "relative_upslope",
}  # fmt: skip


def acquisition(result, key):
    return next(a for a in result.document["acquisitions"] if a["key"] == key)


def codes(flags):
    return [flag["code"] for flag in flags]


def test_flow_comes_back_near_its_truth(dual):
    for simulated in dual.truth.acquisitions:
        found = acquisition(dual.result, simulated.condition)
        truth = np.nanmean(simulated.slices[0].truth.mbf_ml_per_min_per_g)
        assert found["global_mbf_ml_per_min_per_g"] == pytest.approx(truth, rel=0.25)


def test_contours_lie_on_the_heart(dual):
    for simulated in dual.truth.acquisitions:
        one = simulated.slices[0]
        found = dual.result.arrays[f"{simulated.condition}_{one.position}"]["labels"]
        for label, least in ((1, 0.9), (2, 0.75)):
            mine, true = found == label, one.truth.labels == label
            assert 2 * (mine & true).sum() / (mine.sum() + true.sum()) > least


def test_the_document_is_plain_json_and_names_everything(dual):
    document = json.loads(json.dumps(dual.result.document, allow_nan=False))
    assert document["models"]
    assert set(document["timings_s"]) == {
        "motion", "gadolinium", "aif", "flow", "segmentation", "sectors", "uncertainty",
    }  # fmt: skip
    for found in document["acquisitions"]:
        assert found["sequence"] == "dual"
        assert found["quantity"] == "mbf"
        assert found["aif"]["source"] == "dual"
        for piece in found["slices"]:
            assert len(piece["segments"]) == 6
            assert all(segment["uncertainty"] is not None for segment in piece["segments"])
            assert piece["segment_to_check"] in [s["segment"] for s in piece["segments"]]
            assert piece["standard_view"]["edges"]["left"]


def test_every_slice_has_all_arrays_on_its_own_grid(dual):
    for found in dual.result.document["acquisitions"]:
        for piece in found["slices"]:
            arrays = dual.result.arrays[piece["key"]]
            assert set(arrays) >= ARRAYS
            frames, height, width = piece["shape"]
            assert arrays["gd_fit"].shape == (frames, height, width)
            assert arrays["displacement_px"].shape == (frames, 2, height, width)
            assert arrays["mbf"].shape == (height, width)
            unused = arrays["frame_status"] != FrameStatus.USED
            assert np.isnan(arrays["gd_mmol_per_l"][unused]).all()


def test_a_pixel_without_flow_has_a_reason(dual):
    for name, arrays in dual.result.arrays.items():
        if not name.endswith("_aif"):
            assert np.array_equal(np.isfinite(arrays["mbf"]), arrays["quality"] == 0)


def test_stored_contours_and_arrays_give_the_very_same_numbers_again(dual):
    for found in dual.result.document["acquisitions"]:
        for piece in found["slices"]:
            how = json.loads(json.dumps(piece["measured_with"]))
            again = measurement_to_json(
                measure_slice(
                    contours_from_json(json.loads(json.dumps(piece["contours"]))),
                    maps_from_arrays(dual.result.arrays[piece["key"]]),
                    position=how["position"],
                    geometry=geometry_from_json(how["geometry"]),
                    base_to_apex=how["base_to_apex"] and tuple(how["base_to_apex"]),
                    options=MeasureOptions(**how["options"]),
                )
            )
            for first, second in zip(piece["segments"], again["segments"], strict=True):
                assert {**first, "uncertainty": None} == second


def test_a_second_model_has_its_own_map_and_segments_beside_the_first(dual):
    for found in dual.result.document["acquisitions"]:
        assert found["model"] == "btex"
        assert found["other_models"]["fermi"]["global_mbf_ml_per_min_per_g"] == pytest.approx(
            found["global_mbf_ml_per_min_per_g"],
            rel=0.25,
        )
        for piece in found["slices"]:
            arrays = dual.result.arrays[piece["key"]]
            assert not np.array_equal(arrays["mbf_fermi"], arrays["mbf"], equal_nan=True)
            assert np.array_equal(np.isfinite(arrays["mbf_fermi"]), arrays["quality_fermi"] == 0)
            for segment in piece["other_models"]["fermi"]["segments"]:
                inside = arrays["segments"] == segment["segment"]
                assert segment["mbf_ml_per_min_per_g"] == pytest.approx(
                    np.nanmean(arrays["mbf_fermi"][inside]), rel=1e-5
                )


def test_the_level_of_the_map_comes_from_the_segments_curves(dual):
    for found in dual.result.document["acquisitions"]:
        assert found["flow_estimate"] == "regional"
        for piece in found["slices"]:
            assert piece["measured_with"]["options"]["noise_correlation_px"] == 8
            measured = {s["segment"]: s["mbf_ml_per_min_per_g"] for s in piece["segments"]}
            methods = {row["segment"]: row for row in piece["flow_methods"]}
            assert methods.keys() >= {number for number, mbf in measured.items() if mbf}
            for number, mbf in measured.items():
                if mbf is not None:
                    regional = methods[number]["regional_mbf_ml_per_min_per_g"]
                    assert mbf == pytest.approx(regional, rel=0.03)


def test_a_site_may_ask_for_every_pixel_by_itself(dual):
    rest = tuple(a for a in dual.exam.acquisitions if a.condition == "rest")
    result = analyse(
        replace(dual.exam, acquisitions=rest),
        config=PipelineConfig(flow_estimate="pixelwise", second_motion_pass=False),
    )
    found = acquisition(result, "rest")
    piece = found["slices"][0]
    arrays, usual = result.arrays[piece["key"]], dual.result.arrays[piece["key"]]
    assert found["flow_estimate"] == "pixelwise"
    assert piece["flow_methods"] == []
    wall = arrays["labels"] == 2
    assert np.nanstd(arrays["mbf"][wall]) > np.nanstd(usual["mbf"][usual["labels"] == 2])


def test_the_reserve_is_the_ratio_of_means(dual):
    rows = {row["segment"]: row for row in dual.result.document["mpr"]}
    flow = {
        (a["key"], s["segment"]): s["mbf_ml_per_min_per_g"]
        for a in dual.result.document["acquisitions"]
        for piece in a["slices"]
        for s in piece["segments"]
    }
    assert rows[7]["mpr"] == pytest.approx(flow["stress", 7] / flow["rest", 7])
    assert rows[1]["mpr"] is None
    assert rows["GLOBAL"]["mpr"] > 1
    assert len(rows) == 17


def test_progress_names_the_stages_and_never_goes_back(dual):
    shares = [share for _, share in dual.reported]
    assert shares == sorted(shares)
    assert 0 <= shares[0] <= shares[-1] <= 1
    assert {stage for stage, _ in dual.reported} >= {"motion", "aif", "flow", "segmentation"}


def test_the_caller_can_cancel(dual):
    def stop(stage, share):
        if stage == "segmentation":
            raise Cancelled("The analysis was cancelled.")

    with pytest.raises(Cancelled):
        analyse(dual.exam, progress=stop)


def test_a_single_sequence_gives_upslopes_and_never_flow(single):
    found = acquisition(single.result, "stress")
    assert found["quantity"] == "relative_upslope"
    assert found["global_mbf_ml_per_min_per_g"] is None
    assert found["global_upslope"] > 0
    assert "single-sequence" in codes(found["flags"])
    for segment in found["slices"][0]["segments"]:
        assert segment["mbf_ml_per_min_per_g"] is None
        assert segment["upslope"] > 0
    assert found["slices"][0]["curves"]["unit"] == "signal"


def test_stress_alone_has_no_reserve_but_a_reason(single):
    rows = single.result.document["mpr"]
    assert {row["mpr"] for row in rows} == {None}
    assert rows[0]["reason"] == "there is no rest acquisition"


def test_an_unknown_condition_gives_no_reserve(single):
    unknown = replace(single.exam.acquisitions[0], condition="unknown")
    result = analyse(
        replace(single.exam, acquisitions=(unknown,)),
        config=PipelineConfig(second_motion_pass=False),
    )
    assert result.document["mpr"] == []
    assert "condition-unknown" in codes(acquisition(result, "unknown")["flags"])


def test_one_failing_slice_says_why_and_leaves_the_other_alone(single):
    good = single.exam.acquisitions[0].slices[0]
    bad = replace(good, position="basal", signal=np.zeros_like(good.signal))
    exam = replace(
        single.exam,
        acquisitions=(replace(single.exam.acquisitions[0], slices=(bad, good)),),
    )
    result = analyse(exam, config=PipelineConfig(second_motion_pass=False))
    basal, mid = acquisition(result, "stress")["slices"]
    assert any(flag["severity"] == "invalid" for flag in basal["flags"])
    assert all(s["upslope"] is None and s["not_measured_reason"] for s in basal["segments"])
    assert all(s["upslope"] is not None for s in mid["segments"])
    json.dumps(result.document, allow_nan=False)


def test_a_frame_left_out_by_the_reader_is_not_used(single):
    key = acquisition(single.result, "stress")["slices"][0]["key"]
    config = PipelineConfig(excluded_frames={key: [5, 6]}, second_motion_pass=False)
    result = analyse(single.exam, config=config)
    status = acquisition(result, "stress")["slices"][0]["frame_status"]
    assert status[5] == status[6] == FrameStatus.LEFT_OUT_BY_READER
    assert result.document["config_digest"] != single.result.document["config_digest"]


def test_a_given_map_is_kept_and_waits_for_contours(dual):
    source = dual.exam.acquisitions[0]
    flow = dual.result.arrays[f"{source.condition}_{source.slices[0].position}"]["mbf"]
    piece = replace(
        source.slices[0],
        signal=flow[None],
        time_s=np.zeros(1),
        is_pd=np.zeros(1, bool),
        frame_status=np.zeros(1, np.uint8),
        instance_uids=("1.2.3",),
    )
    given = replace(source, sequence="map", slices=(piece,), aif=None)
    result = analyse(replace(dual.exam, acquisitions=(given,)))
    found = acquisition(result, source.condition)["slices"][0]
    assert found["contours"] is None
    assert "map-not-segmented" in codes(found["flags"])
    assert all(s["not_measured_reason"] for s in found["segments"])
    assert np.array_equal(result.arrays[found["key"]]["mbf"], flow, equal_nan=True)


def test_gadolinium_series_are_mapped_with_an_input_function_from_their_own_cavity(dual):
    source = dual.exam.acquisitions[0]
    piece = source.slices[0]
    arrays = dual.result.arrays[f"{source.condition}_{piece.position}"]
    used = arrays["frame_status"] == FrameStatus.USED
    given = replace(
        source,
        sequence="gd",
        aif=None,
        slices=(
            replace(
                piece,
                signal=arrays["gd_mmol_per_l"][used],
                time_s=piece.time_s[used],
                is_pd=np.zeros(used.sum(), bool),
                frame_status=np.zeros(used.sum(), np.uint8),
                instance_uids=tuple(np.array(piece.instance_uids)[used]),
            ),
        ),
    )
    result = analyse(
        replace(dual.exam, acquisitions=(given,)), config=PipelineConfig(second_motion_pass=False)
    )
    found = acquisition(result, source.condition)
    assert found["aif"]["source"] == "image"
    assert "aif-from-image" in codes(found["aif"]["flags"])
    assert found["global_mbf_ml_per_min_per_g"] > 0


def test_input_images_that_lose_their_bolus_by_moving_are_left_where_they_are(
    dual, analysed_work, monkeypatch
):
    def misled(work, images):
        early = images.signal[:, ~images.is_pd][:, :3].mean(axis=1, keepdims=True)
        faint = np.where(
            images.is_pd[:, None, None], images.signal, 0.9 * early + 0.1 * images.signal
        )
        return replace(images, signal=faint)

    unmoved = analysed_work.aif
    source = next(a for a in dual.exam.acquisitions if a.condition == "rest")
    analysed_work.source = replace(analysed_work.source, aif=source.aif)
    monkeypatch.setattr(pipeline, "following_breath", misled)
    pipeline._find_input_function(analysed_work, PipelineConfig())
    assert analysed_work.aif.peak_mmol_per_l == pytest.approx(unmoved.peak_mmol_per_l, rel=0.02)
    assert "aif-left-still" in {flag.code for flag in analysed_work.aif.flags}
    assert "aif-left-still" not in {flag.code for flag in unmoved.flags}


def test_an_exam_without_acquisitions_is_nothing_to_analyse():
    with pytest.raises(NothingToAnalyse):
        analyse(Exam(study_instance_uid="1.2.3", acquisitions=()))


def test_a_result_that_cannot_be_written_whole_leaves_nothing_behind(single, tmp_path):
    unwritable = replace(single.result, document={**single.result.document, "bad": float("nan")})
    with pytest.raises(ValueError, match="JSON"):
        unwritable.write(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    single.result.write(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"result.json", *(f"{key}.npz" for key in single.result.arrays)}
