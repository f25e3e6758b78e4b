"""python -m analysis map-flow: a flow map from concentration curves, without any DICOM."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from analysis.constants import DEFAULT_TISSUE_DENSITY_G_PER_ML
from analysis.domain import FlowMap
from analysis.errors import BadInput
from analysis.perfusion import MODELS, map_flow


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register ``map-flow`` with the command line."""
    parser = subparsers.add_parser(
        "map-flow",
        help="flow map from a concentration series and an input function",
        description="IN.npz holds gd_mmol_per_l (T,H,W), aif_mmol_per_l (T,) in whole blood, dt_s "
        "and optionally mask (H,W). OUT.npz gets the maps in blood units and a quality code per "
        "pixel (0 = ok; codes: analysis.quality.PixelQuality).",
    )
    parser.add_argument("input", type=Path, metavar="IN.npz")
    parser.add_argument("--out", type=Path, required=True, metavar="OUT.npz")
    parser.add_argument("--model", choices=sorted(MODELS), default="btex")
    parser.add_argument(
        "--density",
        type=float,
        default=DEFAULT_TISSUE_DENSITY_G_PER_ML,
        metavar="G_PER_ML",
        help="tissue density (default %(default)s)",
    )
    parser.add_argument(
        "--interpolation",
        choices=("auto", "linear", "cubic"),
        default="auto",
        help="of the input function between samples; auto takes what explains the tissue better",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Map one file; raises BadInput with one sentence when it cannot be used."""
    flow = map_flow(
        model=args.model,
        density=args.density,
        interpolation=None if args.interpolation == "auto" else args.interpolation,
        **_read(args.input),
    )
    _write(args.out, flow)
    return 0


def _read(path: Path) -> dict[str, Any]:
    """Arguments of map_flow from an NPZ file."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path.name} cannot be read as an NPZ file.") from error
    missing = {"gd_mmol_per_l", "aif_mmol_per_l", "dt_s"} - set(arrays)
    if missing:
        raise BadInput(f"{path.name} lacks {', '.join(sorted(missing))}.")
    if not all(array.dtype.kind in "fiub" for array in arrays.values()):
        raise BadInput(f"{path.name} holds something that is not a number.")
    if arrays["aif_mmol_per_l"].shape != arrays["gd_mmol_per_l"].shape[:1]:
        raise BadInput("aif_mmol_per_l needs one value per frame of gd_mmol_per_l.")
    if arrays["dt_s"].size != 1:
        raise BadInput("dt_s must be one number.")
    return {
        "gd": arrays["gd_mmol_per_l"],
        "aif": arrays["aif_mmol_per_l"],
        "dt_s": float(arrays["dt_s"].item()),
        "mask": arrays["mask"].astype(bool) if "mask" in arrays else None,
    }


def _write(path: Path, flow: FlowMap) -> None:
    try:
        with path.open("wb") as file:
            np.savez_compressed(
                file,
                mbf=flow.mbf_ml_per_min_per_g,
                mbf_se=flow.mbf_se,
                delay_s=flow.delay_s,
                delay_se=flow.delay_se,
                ps_ml_per_min_per_g=flow.ps_ml_per_min_per_g,
                ps_se=flow.ps_se,
                vb_ml_per_g=flow.vb_ml_per_g,
                vb_se=flow.vb_se,
                visf_ml_per_g=flow.visf_ml_per_g,
                visf_se=flow.visf_se,
                residual_rms_mmol_per_l=flow.residual_rms_mmol_per_l,
                quality=flow.quality,
                model=np.array(flow.model),
                tissue_density_g_per_ml=np.array(flow.tissue_density_g_per_ml),
                aif_interpolation=np.array(flow.aif_interpolation),
            )
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}.") from error
