"""Answer the rows of Parquet and CSV files in pipelines of Ray Data, as docs/batch.md shows.

It runs in an environment with Ray: `ray_pipeline.py ADDRESS SOURCE OUTPUT MODEL PACKAGE ROOT`.
"""

# pylint: disable=import-error  # it runs in an environment of its own
import sys

import ray
import ray.data
from modelserve.batch.ray_data import RayPredictor


def main() -> None:
    """Write OUTPUT/parquet from SOURCE/rows.parquet, and OUTPUT/json from SOURCE/rows.csv."""
    address, source, output, model, package, root = sys.argv[1:]
    ray.init(address=address, log_to_driver=False)
    parquet = ray.data.read_parquet(f"{source}/rows.parquet", override_num_blocks=3)
    answer(parquet, model, package, root).write_parquet(f"{output}/parquet")
    table = ray.data.read_csv(f"{source}/rows.csv")
    answer(table, model, package, root).write_json(f"{output}/json")


def answer(rows: ray.data.Dataset, model: str, package: str, root: str) -> ray.data.Dataset:
    """Return the rows with their answers; one of two processors is left for Ray's own tasks."""
    return rows.map_batches(
        RayPredictor,
        fn_constructor_kwargs={"package": package, "model": model, "root": root},
        batch_format="pyarrow",
        batch_size=16,
        compute=ray.data.ActorPoolStrategy(size=1),
    )


if __name__ == "__main__":
    main()
