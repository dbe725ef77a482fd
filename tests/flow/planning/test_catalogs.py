"""Real catalogs: the plan is the estimate is the bill, and every row is accounted for."""

from __future__ import annotations

import csv
from pathlib import Path

from speeko_jobs.core.model.money import micros
from tests.fixtures.inprocess import InProcess
from tests.metered.audio import read_stamp, stamp_of


def test_magento_costs_to_the_micro_dollar_what_was_planned(flow: InProcess, shared_data: Path) -> None:
    source = str(shared_data / "magento_configurable_products.csv")
    told = flow.estimate(source)
    job, plan = flow.submit(source)
    assert plan == told
    assert (plan.rows, plan.calls, plan.cost_micros) == (1994, 146, 706_976)
    assert flow.drive(job).state == "done"
    flow.check()
    summary = flow.summary()
    assert summary["cost_usd"] == summary["planned_cost_usd"] == "0.706976"
    assert summary["sources"] == {
        "synthesized": 146, "duplicate": 1848, "coalesced": 0, "cache": 0, "unchanged": 0,
    }  # fmt: skip
    assert (summary["rows"], summary["delivered"], summary["calls"]) == (1994, 1994, 146)
    assert summary["unknown"] == {"calls": 0, "usd": "0.000000"}
    assert (flow.provider.calls, flow.provider.micros) == (146, 706_976)
    # each file speaks its row's text
    by_id = {line["id"]: line for line in flow.manifest()}
    assert len(by_id) == len(flow.audio_files()) == 1994
    bill = {entry["key"]: entry for entry in flow.provider.bill()}
    for line in list(by_id.values())[::50]:
        entry = bill[line["key"]]
        audio = (flow.output / line["path"]).read_bytes()
        assert read_stamp(audio, "mp3") == stamp_of(entry["text"], entry["voice"], entry["language"])
        assert line["bytes"] == len(audio)
    # once more: nothing is called and no file is touched
    before = {name: (flow.output / name).stat().st_mtime_ns for name in flow.audio_files()}
    assert flow.estimate(source).cost_micros == 0
    again = flow.run(source)
    assert (again["unchanged"], again["calls"], again["cost_usd"]) == (1994, 0, "0.000000")
    assert flow.provider.calls == 146
    assert {name: (flow.output / name).stat().st_mtime_ns for name in flow.audio_files()} == before


def test_adventureworks_by_language(flow: InProcess, shared_data: Path) -> None:
    source = str(shared_data / "adventureworks_intl_descriptions.csv")
    columns = {"id": ("1", "2"), "text": ("3",), "language_column": "2"}
    told = flow.estimate(source, **columns)
    summary = flow.run(source, **columns)
    assert told.calls == summary["calls"] == flow.provider.calls == 5104
    assert (summary["rows"], summary["delivered"]) == (15_168, 15_168)
    assert summary["cost_usd"] == f"{flow.provider.micros / 1e6:.6f}" == summary["planned_cost_usd"]
    assert told.cost_micros == flow.provider.micros
    assert len({entry["key"] for entry in flow.provider.bill()}) == 5104


def without_long_texts(source: Path, target: Path) -> str:
    """The FAQ without its longest answers: minutes of audio take long to make and to join."""
    with source.open(encoding="utf-8", newline="") as file, target.open("w", newline="") as kept:
        rows = csv.reader(file, delimiter="\t")
        header = next(rows)
        answer = header.index("answer")
        writer = csv.writer(kept, delimiter="\t")
        writer.writerows([header, *(row for row in rows if len(row[answer]) <= 4_000)])
    return str(target)


def test_the_second_faq_pays_only_what_the_first_did_not_hold(flow: InProcess, shared_data: Path) -> None:
    columns = {"text": ("answer",), "language_column": "lang"}
    bought = set[str]()
    for name in ("covid_faq_2020-03-22.tsv", "covid_faq_2020-03-27.tsv"):
        source = without_long_texts(shared_data / name, flow.folder / f"short-{name}")
        before = flow.provider.micros
        flow.output = flow.folder / name
        expected = flow.estimate(source, **columns)

        summary = flow.run(source, **columns)

        assert flow.provider.micros - before == expected.cost_micros == micros(summary["cost_usd"])
        assert summary["planned_cost_usd"] == summary["cost_usd"]
        assert summary["refused"] == expected.refused == sum(expected.refusals.values())
        assert summary["delivered"] + summary["refused"] + summary["left_out"] == summary["rows"]
        calls = {entry["key"] for entry in flow.provider.bill()}
        assert len(calls - bought) == summary["calls"] == expected.to_buy
        bought = calls
    assert len(bought) == flow.provider.calls
