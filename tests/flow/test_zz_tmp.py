from tests.fixtures.inprocess import InProcess
from tests.flow.test_words import *

def go(flow, rows, header, spec, match="rude", **orders):
    flow.provider.script([RUDE])
    s1=flow.run(flow.catalog(rows, header), spec, **orders)
    before = {l["id"]: l for l in flow.manifest()}
    flow.provider.script([])
    failed = flow.folder / "again.csv"
    failed.write_bytes((flow.output / "failed.csv").read_bytes())
    print(failed.read_text())
    s2=flow.run(str(failed), spec)
    for l in flow.manifest():
        print(l["id"], l["key"]==before[l["id"]]["key"], l["error"])
    print([e["text"] for e in flow.provider.bill()])

def test_optout(flow):
    go(flow, [("a", f"A rude thing. {TWO}", "whole"), ("b", f"A rude thing. {TWO}", "")], ("id","text","segments"), {"segments":"sentence"})
    assert 0
def test_lex(flow):
    go(flow, [("a", "A rude cat.")], ("id","text"), {"lexicon": lexicon(flow, cat="big cat")})
    assert 0
def test_cjk(flow):
    go(flow, [("a", "这是rude的。" + "这是一个句子。"*900), ("b", "rude。你好。再见。", )], ("id","text"), {"language":"zh"})
    assert 0
def test_cjk2(flow):
    go(flow, [("b", "rude。你好。再见。", )], ("id","text"), {"language":"zh", "segments":"sentence"})
    assert 0
def test_entity(flow):
    go(flow, [("b", "rude &amp;lt;b&amp;gt; x &lt;b&gt; y", )], ("id","text"), {})
    assert 0
