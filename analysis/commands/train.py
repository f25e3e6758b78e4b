"""``python -m analysis train NAME``: simulate samples, train a network on them, export it."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from pathlib import Path

from analysis.errors import AnalysisError


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "train",
        help="train a network on simulated series",
        description="Simulate samples to disk, train on them, and export weights. A run that was "
        "stopped goes on from its checkpoint; --warm-start begins from exported weights.",
    )
    parser.add_argument("name", help="segmentation, aif, or the path of a .toml configuration")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--shards", type=Path, help="folder of the samples (OUT/shards)")
    parser.add_argument("--samples", type=int, default=16_000, help="samples to simulate")
    parser.add_argument("--workers", type=int, default=1, help="processes that simulate")
    parser.add_argument("--steps", type=int, help="optimiser steps instead of the configured ones")
    parser.add_argument("--minutes", type=float, help="stop after that long; may be resumed")
    parser.add_argument("--threads", type=int, default=1, help="threads of the trainer")
    parser.add_argument("--warm-start", metavar="VERSION", help="exported version to begin from")
    parser.add_argument("--export", metavar="VERSION", help="write models/NAME/VERSION at the end")
    parser.add_argument(
        "--simulate-only", action="store_true", help="write the samples and do not train"
    )
    parser.add_argument(
        "--export-only", action="store_true", help="export the checkpoint and do not train"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    import torch

    from analysis.training.loop import CHECKPOINT_FILE, new_state, train
    from analysis.training.plan import read_plan
    from analysis.training.shards import ShardFolder
    from analysis.weights import load_model

    torch.set_num_threads(args.threads)
    plan = read_plan(args.name, steps=args.steps)
    shards = args.shards or args.out / "shards"
    warm = load_model(plan.config.name, args.warm_start).state if args.warm_start else None
    state = new_state(plan.config, warm_start=warm)
    checkpoint = args.out / CHECKPOINT_FILE
    if checkpoint.exists():
        state.load(checkpoint)
    workers = [] if args.export_only else start_workers(args, shards)
    try:
        if args.simulate_only:
            for worker in workers:
                worker.join()
            return 0
        if not args.export_only:
            wait_for_shards(shards, workers)
            ends = time.monotonic() + 60 * args.minutes if args.minutes else float("inf")
            train(
                plan.config,
                state,
                shards=shards,
                out=args.out,
                validation=plan.validation(shards / "validation"),
                nominal_start=plan.nominal_start,
                until=lambda: time.monotonic() > ends,
            )
    finally:
        for worker in workers:
            worker.terminate()
    if args.export:
        from analysis.training.export import export

        place = export(plan.config, state, args.export, samples=len(ShardFolder.open(shards)))
        print(f"exported to {place}")
    return 0


def start_workers(
    args: argparse.Namespace, shards: Path
) -> list[multiprocessing.process.BaseProcess]:
    """Processes that each write every n-th shard until all samples are there."""
    from analysis.training.shards import SAMPLES_PER_SHARD

    context = multiprocessing.get_context("spawn")
    total = -(-args.samples // SAMPLES_PER_SHARD)
    workers: list[multiprocessing.process.BaseProcess] = []
    for index in range(args.workers):
        worker = context.Process(
            target=simulate_shards,
            args=(args.name, shards, range(index, total, args.workers)),
            daemon=True,
        )
        worker.start()
        workers.append(worker)
    return workers


def simulate_shards(name: str, shards: Path, numbers: range) -> None:
    """Write the shards of those numbers that are not there yet."""
    import torch

    from analysis.training.plan import read_plan
    from analysis.training.shards import write_shard

    torch.set_num_threads(1)
    plan = read_plan(name)
    for number in numbers:
        write_shard(shards, plan.sampler, seed=plan.config.seed, number=number)


def wait_for_shards(
    shards: Path, workers: list[multiprocessing.process.BaseProcess], *, least: int = 8
) -> None:
    """Wait until there are enough shards to begin with, or none are coming any more."""
    while len(list(shards.glob("*.labels.npy"))) < least and any(w.is_alive() for w in workers):
        time.sleep(1)
    if not list(shards.glob("*.labels.npy")):
        raise AnalysisError(f"No samples were simulated under {shards}.")
