"""Heavy analysis of the event archive, on Spark: sessions, a funnel and daily tables.

    spark-submit deploy/spark/analysis.py ARCHIVE OUTPUT [--funnel view,cart,buy] [--window 3600]

ARCHIVE is the folder `instance/archive`, or a copy of it anywhere that Spark reads. OUTPUT gets the
tables `daily` and `sessions` as Parquet, by project. The last line that is printed is JSON with the
numbers that the service itself answers with, so that both can be compared. Only Spark is needed;
nothing of the service is imported.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # as Spark's own documentation calls it

DEFAULT_GAP_MINUTES = 30
DEFAULT_WINDOW_S = 7 * 86_400
DAY_MS = 86_400_000
#: What a line of the archive has, of that which is looked at here.
LINES_SCHEMA = (
    "receipt STRING, source BIGINT, received BIGINT, type STRING, event_id STRING, ts BIGINT,"
    " day BIGINT, user_id STRING, session_id STRING"
)


def events_of(spark: SparkSession, archive: str) -> DataFrame:
    """Read the archive: each event once, as the service stores it.

    Rejected ones have no type; of those with one id, the one that came first is the event.
    """
    lines = (
        spark.read.option("recursiveFileLookup", "true")
        .option("pathGlobFilter", "*.jsonl.gz")
        .schema(LINES_SCHEMA)
        .json(archive)
        .withColumn("path", F.input_file_name())
        .withColumn("project", F.regexp_extract("path", r"project-(\d+)", 1).cast("bigint"))
        .where(F.col("type").isNotNull())
    )
    place = F.split("receipt", ":")
    first = Window.partitionBy("source", "day", "event_id").orderBy(
        place[0].cast("bigint"), place[1].cast("bigint")
    )
    return lines.withColumn("n", F.row_number().over(first)).where("n = 1").drop("n", "path")


def daily_of(events: DataFrame) -> DataFrame:
    """Count events, users and sources by project, day and type."""
    day = F.date_format(F.timestamp_millis(F.col("ts")), "yyyy-MM-dd")
    return events.groupBy("project", day.alias("date"), "type").agg(
        F.count("*").alias("events"),
        F.countDistinct("user_id").alias("users"),
        F.countDistinct("source").alias("sources"),
    )


def sessions_of(events: DataFrame, gap_minutes: int) -> DataFrame:
    """Put events together to sessions: by their session's id, or by a user's pauses."""
    named = events.where("session_id IS NOT NULL").withColumn("number", F.lit(0))
    in_order = Window.partitionBy("project", "user_id").orderBy("ts")
    pause = F.col("ts") - F.lag("ts").over(in_order)
    begins = F.coalesce(pause > gap_minutes * 60_000, F.lit(True)).cast("int")
    loose = events.where("session_id IS NULL AND user_id IS NOT NULL")
    cut = loose.withColumn("begins", begins).withColumn("number", F.sum("begins").over(in_order))
    how = (
        F.min("ts").alias("started_ms"),
        F.max("ts").alias("ended_ms"),
        F.count("*").alias("events"),
    )
    by_id = named.groupBy("project", "session_id").agg(F.max("user_id").alias("user_id"), *how)
    by_user = cut.groupBy("project", "user_id", "number").agg(*how)
    return by_id.unionByName(
        by_user.drop("number").withColumn("session_id", F.lit(None).cast("string"))
    )


def funnel_of(events: DataFrame, steps: list[str], window_ms: int) -> dict[int, list[int]]:
    """Return for each project how many users came to each step, within the window of the first."""
    number = {name: at for at, name in enumerate(steps)}
    rows = events.where(F.col("type").isin(steps) & F.col("user_id").isNotNull())
    ways = rows.rdd.map(
        lambda row: ((row.project, row.user_id), (row.ts, number[row.type]))
    ).groupByKey()
    reached = ways.flatMap(
        lambda pair: ((pair[0][0], step) for step in walk(pair[1], len(steps), window_ms))
    )
    found: dict[int, list[int]] = {}
    for (project, step), users in reached.countByValue().items():
        found.setdefault(project, [0] * len(steps))[step] = users
    return found


def walk(way: Iterable[tuple[int, int]], steps: int, window_ms: int) -> Iterator[int]:
    """Yield the steps that one user came to; of all ways to a step the latest begun is kept."""
    began: list[int | None] = [None] * steps
    reached: set[int] = set()
    for ts, step in sorted(way):
        start = ts if step == 0 else began[step - 1]
        if start is not None and ts - start <= window_ms:
            began[step] = start
            reached.add(step)
    yield from sorted(reached)


def analyse(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write the tables; returns the numbers by project."""
    spark = SparkSession.builder.appName("collab-archive").getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    events = events_of(spark, arguments.archive).cache()
    sessions = sessions_of(events, arguments.gap).cache()
    for name, table in (("daily", daily_of(events)), ("sessions", sessions)):
        table.write.mode("overwrite").partitionBy("project").parquet(f"{arguments.output}/{name}")
    funnel = funnel_of(events, arguments.funnel.split(","), arguments.window * 1000)
    counts = {row.project: row for row in events.groupBy("project").count().collect()}
    spans = {row.project: row["count"] for row in sessions.groupBy("project").count().collect()}
    spark.stop()
    return {
        str(project): {
            "events": row["count"],
            "sessions": spans.get(project, 0),
            "funnel": funnel.get(project, []),
        }
        for project, row in counts.items()
    }


def main() -> None:
    """Read the command line and print the numbers."""
    parser = argparse.ArgumentParser(description="Analyse the event archive on Spark.")
    parser.add_argument("archive", help="the folder with project-…/date/hour.jsonl.gz")
    parser.add_argument("output", help="where the tables go, as Parquet")
    parser.add_argument("--funnel", default="page_view,add_to_cart,purchase", help="%(default)s")
    parser.add_argument("--window", type=int, default=DEFAULT_WINDOW_S, help="seconds: %(default)s")
    parser.add_argument("--gap", type=int, default=DEFAULT_GAP_MINUTES, help="minutes: %(default)s")
    print(json.dumps(analyse(parser.parse_args())))


if __name__ == "__main__":
    main()
