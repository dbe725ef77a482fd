import shutil
from pathlib import Path
import pytest
DATA=Path("/work/shared/data")
def test_shots(flow, tmp_path):
    import csv
    src = DATA/"magento_configurable_products.csv"
    with src.open(newline="", encoding="utf-8-sig") as f:
        head = next(csv.reader(f))
    print(head[:10])
    cols = {"id": ("sku",), "text": ("name","description")} if "sku" in head else {}
    flow.provider.script([])
    s = flow.run(str(src), on_duplicate_id="suffix", **cols)
    shutil.copytree(flow.output, "/tmp/shots/magento", dirs_exist_ok=True)
    rows = [(f"sku-{n}", f"The article number {n} comes in a plain box" + " with words"*(n%30)+".", ["", "kokoro-friendly","kokoro-professional"][n%3]) for n in range(400)]
    rows += [(f"e{n}","","") for n in range(30)] + [(f"x{n}","text","no-such") for n in range(9)] + [('<script>alert(1)</script>','evil \u202e text',''),("a-very-long-id-"*12,"long","")]
    s = flow.run(flow.catalog(rows,("id","text","voice")), voice_column="voice")
    shutil.copytree(flow.output, "/tmp/shots/failures", dirs_exist_ok=True)
